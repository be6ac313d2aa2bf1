// node scripts/draw-axes.mjs: trains the main job for a moment and draws that run in docs/two-axes.svg. Build first.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJournal } from '@microbatch/logger-journal';
import { root } from './bootstrap/root.mjs';
import { mainJob } from './bootstrap/tasks.mjs';
import { twoAxesSvg } from './readme/two-axes-svg.mjs';

const out = mkdtempSync(join(tmpdir(), 'microbatch-axes-'));
try {
  process.exitCode = await mainJob(['--epochs', '1', '--samples', '1536', '--out', out], { quiet: true });
  if (process.exitCode === 0) {
    const [run] = readdirSync(out);
    const journal = readdirSync(join(out, run)).find((name) => name.endsWith('.jsonl'));
    const events = [];
    for await (const event of readJournal(join(out, run, journal))) events.push(event);
    const only = (type) => events.filter((event) => event.type === type);
    const svg = twoAxesSvg(only('micro-batch'), only('accumulated-batch'), only('discarded-window'));
    writeFileSync(join(root, 'docs/two-axes.svg'), svg);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
