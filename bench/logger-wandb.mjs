// Offline W&B rows a second, from accumulated-batch events with 1, 10 and 100 metrics of 17 random digits, to a closed run;
// each row has four clocks, two times and its step besides. `npm run build && node bench/logger-wandb.mjs`
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wandbSink } from '@microbatch/logger-wandb';

const ROWS = { 1: 500_000, 10: 200_000, 100: 20_000 };
const STARTED_AT = 1_700_000_000_000;

/** Milliseconds in the sink and bytes of its log, for `count` rows. */
function measure(metrics, count) {
  const dir = mkdtempSync(join(tmpdir(), 'bench-wandb-'));
  const policy = { kind: 'fixed', accumBatchSize: 4, logAccumBatch: true, lastWindow: 'carry', normalize: 'actual' };
  const run = { id: 'bench', name: 'bench', config: {}, tags: [], plan: { microBatchSize: 4 }, policy };
  const sink = wandbSink({ dir, quiet: true });
  const names = Array.from({ length: metrics - 1 }, (_, i) => `metric_${i}`);
  sink.open({ ...run, logAccumBatch: true, startedAt: STARTED_AT });
  let spentMs = 0;
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
    sink.write([event]);
    spentMs += performance.now() - began;
  }
  const began = performance.now();
  sink.close('finished');
  spentMs += performance.now() - began;
  const folder = join(dir, 'wandb', 'latest-run');
  const bytes = statSync(
    join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.wandb')),
    ),
  ).size;
  rmSync(dir, { recursive: true });
  return { spentMs, bytes };
}

for (const [metrics, count] of Object.entries(ROWS)) {
  measure(Number(metrics), count / 10);
  const { spentMs, bytes } = measure(Number(metrics), count);
  const rate = `${(count / spentMs).toFixed(0).padStart(4)} k rows/s`;
  console.log(`${metrics.padStart(3)} metrics: ${rate}, ${(bytes / count).toFixed(0)} bytes a row`);
}
