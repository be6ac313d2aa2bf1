// Logs a run in a process of its own: node log-run.mjs '{"options": {…}, "rows": 1000, "log": [], "end": "close"}'
import { wandbSink } from '@microbatch/logger-wandb';

const { options, rows, log = [], end } = JSON.parse(process.argv[2]);
const policy = { kind: 'fixed', accumBatchSize: 4, logAccumBatch: true, lastWindow: 'carry', normalize: 'actual' };
const startedAt = 1_700_000_000_000;
const run = { id: 'child', name: 'child', config: { lr: 0.1 }, tags: [], plan: { microBatchSize: 4 }, policy };
const sink = wandbSink(options);

await sink.open({ ...run, logAccumBatch: true, startedAt });
// As the base does: a sink that failed is closed all the same.
process.once('uncaughtExceptionMonitor', () => {
  try {
    sink.close('failed');
  } catch {
    // It says again what it said before.
  }
});
for (let step = 1; step <= rows; step++) {
  const clocks = { microStep: step, step, samples: 4 * step, epoch: step / rows, time: startedAt + step };
  const batch = { normalizer: 4, accumBatchSize: 4, windowSamples: 4, microBatches: [] };
  const metrics = { accuracy: step % 2 === 0 ? step / 7 : Number.NaN };
  sink.write([Object.freeze({ type: 'accumulated-batch', ...clocks, ...batch, loss: 1 / step, metrics })]);
}
const clocks = { microStep: rows, step: rows, samples: 4 * rows, epoch: 1, time: startedAt + rows };
for (const values of log) sink.write([Object.freeze({ type: 'log', ...clocks, values })]);
if (end === 'kill') process.kill(process.pid, 'SIGKILL');
await sink.close('finished');
