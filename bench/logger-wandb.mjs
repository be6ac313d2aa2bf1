// Offline W&B rows a second, with 1, 10 and 100 metrics of 17 random digits: `npm run build && node bench/logger-wandb.mjs`.
// 'row log' is the table, the encoder and the file; 'sink' is the whole way from accumulated-batch events, four clocks included.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wandbSink } from '../packages/logger-wandb/dist/index.js';
import { createRowTable } from '../packages/logger-wandb/dist/row-table.js';
import { createRunLog } from '../packages/logger-wandb/dist/run-log.js';

const ROWS = { 1: 1_000_000, 10: 300_000, 100: 40_000 };
const STARTED_AT = 1_700_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'bench-wandb-'));

function rowLog(metrics, count) {
  const path = join(folder, `rows-${metrics}.wandb`);
  const log = createRunLog(path);
  const table = createRowTable();
  const keys = Array.from({ length: metrics }, (_, i) => `metric_${i}`);
  const began = performance.now();
  for (let row = 0; row < count; row++) {
    table.set(table.column('_step'), row);
    table.set(table.column('_timestamp'), (STARTED_AT + row) / 1000);
    table.set(table.column('_runtime'), row / 1000);
    for (const key of keys) table.set(table.column(key), Math.random());
    log.row(table, row);
    table.clear();
    log.settle();
  }
  log.close();
  return { rate: count / (performance.now() - began), bytes: statSync(path).size / count };
}

function sink(metrics, count) {
  const policy = { kind: 'fixed', accumBatchSize: 4, logAccumBatch: true, lastWindow: 'carry', normalize: 'actual' };
  const run = { id: `sink-${metrics}`, name: 'bench', config: {}, tags: [], plan: { microBatchSize: 4 }, policy };
  const wandb = wandbSink({ dir: folder, quiet: true });
  wandb.open({ ...run, logAccumBatch: true, startedAt: STARTED_AT });
  const names = Array.from({ length: metrics - 1 }, (_, i) => `metric_${i}`);
  let spent = 0;
  for (let step = 1; step <= count; step++) {
    const event = {
      type: 'accumulated-batch',
      microStep: step,
      step,
      samples: 4 * step,
      epoch: step / count,
      time: STARTED_AT + step,
      loss: Math.random(),
      metrics: Object.fromEntries(names.map((name) => [name, Math.random()])),
      normalizer: 4,
      accumBatchSize: 4,
      windowSamples: 4,
      microBatches: [],
    };
    const began = performance.now();
    wandb.write([event]);
    spent += performance.now() - began;
  }
  const began = performance.now();
  wandb.close('finished');
  return { rate: count / (spent + performance.now() - began) };
}

for (const [metrics, count] of Object.entries(ROWS)) {
  rowLog(Number(metrics), count / 10);
  rmSync(join(folder, `rows-${metrics}.wandb`));
  const log = rowLog(Number(metrics), count);
  const whole = sink(Number(metrics), count);
  const k = (rate) => `${rate.toFixed(0).padStart(5)} k rows/s`;
  console.log(
    `${metrics.padStart(3)} metrics: row log ${k(log.rate)}, ${log.bytes.toFixed(0)} bytes a row; sink ${k(whole.rate)}`,
  );
}
rmSync(folder, { recursive: true });
