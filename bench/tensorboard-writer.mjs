// Scalars a second to disk and back, 1,000,000 over 20 tags: `npm run build && node bench/tensorboard-writer.mjs`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readScalars, SummaryWriter } from 'tensorboard-writer';

const SCALARS = 1_000_000;
const TAGS = Array.from({ length: 20 }, (_, i) => `train/metric_${i}`);
const folder = mkdtempSync(join(tmpdir(), 'bench-tensorboard-'));

function write(logDir) {
  const writer = new SummaryWriter(logDir);
  for (let i = 0; i < SCALARS; i++) writer.addScalar(TAGS[i % TAGS.length], i * 0.37, Math.floor(i / TAGS.length));
  writer.close();
}

async function rate(work) {
  const began = performance.now();
  await work();
  return SCALARS / (performance.now() - began) / 1000;
}

const writes = [];
const reads = [];
// The first round warms up.
for (let round = 0; round < 8; round++) {
  const logDir = join(folder, String(round));
  writes.push(await rate(() => write(logDir)));
  reads.push(await rate(() => readScalars(logDir)));
}
rmSync(folder, { recursive: true });
const show = (rates) => {
  const [slowest, ...rest] = rates.slice(1).toSorted((a, b) => a - b);
  return `${rest[2].toFixed(2)} M/s (${slowest.toFixed(2)} to ${rest.at(-1).toFixed(2)})`;
};
console.log(`SummaryWriter, written and closed   ${show(writes)}`);
console.log(`readScalars                         ${show(reads)}`);
