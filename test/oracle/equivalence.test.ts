import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { edgeCases } from './traces.js';
import { ACCEPTED_HERE, ourAnswer, wentWrong } from './edge-cases.js';
import { differences, equivalencePage } from './equivalence-page.js';

describe.each(Object.entries(differences))('known differences: %s', (_heading, entries) => {
  it.each(entries.map((entry) => [entry.title, entry] as const))('%s', (_title, entry) => {
    expect(entry.shown()).toMatch(/\.$/);
  });
});

const comparable = edgeCases.filter((edge) => wentWrong(edge) && ourAnswer(edge).comparable);
it.each(comparable.map((edge) => [edge.code, edge] as const))(
  'what goes wrong in fastxtend is refused, but for calls that mean something here: %s',
  (code, edge) => {
    const { error } = ourAnswer(edge);
    if (code in ACCEPTED_HERE) expect(error).toBeUndefined();
    else expect(error?.message).toMatch(/[bB]atchSize|start|finish|schedule|nAcc/);
  },
);

// The page shows the traces that are kept here.
it.skipIf(process.env.MICROBATCH_TRACES !== undefined)('docs/equivalence.md says what these tests find', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'equivalence-'));
  try {
    await expect(await equivalencePage(folder)).toMatchFileSnapshot('../../docs/equivalence.md');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
