import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOf, sampleRun, sampleValues } from '@microbatch/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { journalSink } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The blocks of a page in one language, each with the output that follows it. */
function examples(page: string, language: string): { readonly code: string; readonly output: string }[] {
  const blocks = new RegExp(`\`\`\`${language}\n([^\`]*)\`\`\`\\s*\`\`\`text\n([^\`]*)\`\`\``, 'g');
  return [...readFileSync(join(root, page), 'utf8').matchAll(blocks)].map(([, code, output]) => ({
    code: code!,
    output: output!,
  }));
}

describe('docs/journal.md', () => {
  const commands = examples('docs/journal.md', 'sh');

  it('has examples', () => {
    expect(commands).toHaveLength(8);
  });

  // jq is no package of Node's: the page is checked wherever there is one.
  const hasJq = spawnSync('jq', ['--version']).status === 0;
  it.skipIf(!hasJq).each(commands)('tells what jq really prints: $code', ({ code, output }) => {
    const dir = temporaryFolder();
    const loss = (microStep: number) => (microStep === 10 ? Number.NaN : 2 / microStep);
    const events = sampleRun({ loss, values: sampleValues() });
    const sink = journalSink({ dir });
    sink.open(runOf(events));
    sink.write(events);
    sink.close('finished');
    renameSync(sink.path!, join(dir, 'run.microbatch.jsonl'));
    expect(execFileSync('sh', ['-c', code], { cwd: dir, encoding: 'utf8' })).toBe(output);
  });
});

describe('packages/logger-journal/README.md', () => {
  it.each(examples('packages/logger-journal/README.md', 'js'))('tells what it really prints', ({ code, output }) => {
    mkdirSync(join(root, '.cache'), { recursive: true });
    // Inside the repository, so that the packages' names resolve.
    const cwd = mkdtempSync(join(root, '.cache', 'readme-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const run = () => execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd, encoding: 'utf8' });
    expect(run()).toBe(output);
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(15);
  });
});
