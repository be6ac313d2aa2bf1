// Micro-batches a second from accumulate() to the closed files of all three loggers, windows of 8, 3 metrics, and the W&B
// rows a second in it, beside Python's wandb offline with the same rows.
// `npm run build && node bench/whole-path.mjs true|false [--quick]`: the value of logAccumBatch

import { allLoggers, inNewFolder, offlineWandb } from './loggers.mjs';
import { findPython, pythonRate, rowsOf } from './python-wandb.mjs';
import { recordedRun } from './recorded-run.mjs';
import { report } from './rows.mjs';
import { median, summarize } from './statistics.mjs';

const logAccumBatch = process.argv[2] !== 'false';
const quick = process.argv.includes('--quick');
const [ROUNDS, MICRO_BATCHES] = quick ? [2, 80_000] : [9, 240_000];
const [PYTHON_ROUNDS, PYTHON_ROWS] = quick ? [1, 4_000] : [6, 8_000];

/** Micro-batches a second, on the clock and of the processor's time. */
async function rate(loggers) {
  const [began, processor] = [performance.now(), process.cpuUsage()];
  await recordedRun(MICRO_BATCHES, loggers, { logAccumBatch });
  const clock = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { clock: MICRO_BATCHES / clock, processor: (MICRO_BATCHES / (user + system)) * 1e6 };
}

const python = findPython();
const rates = { whole: [], wholeProcessor: [], wandb: [], python: [] };
let version;
// The first round warms up.
for (let round = -1; round < ROUNDS; round += 1) {
  await inNewFolder(async (folder) => {
    const whole = await rate(allLoggers(folder));
    if (round < 0) return;
    rates.whole.push(whole.clock);
    rates.wholeProcessor.push(whole.processor);
    if (python.skipped !== undefined || round >= PYTHON_ROUNDS) return;
    const rows = rowsOf(folder, PYTHON_ROWS);
    const theirs = await inNewFolder((other) => pythonRate(python.path, rows, other));
    rates.python.push(theirs.rate);
    version = theirs.version;
  });
  const wandb = await inNewFolder((folder) => rate([offlineWandb(folder)]));
  if (round >= 0) rates.wandb.push(wandb.clock);
}

const thousands = (unit) => (value) => `${(value / 1000).toFixed(1)} k ${unit}/s`;
const rowsPerMicroBatch = logAccumBatch ? 1 / 8 : 1;
const suffix = `\`logAccumBatch: ${logAccumBatch}\``;

/** A row of W&B rows a second, compared with Python's. */
function wandbRow(what, microBatchRates) {
  const ours = microBatchRates.map((value) => value * rowsPerMicroBatch);
  const row = { what, ...summarize(ours, thousands('rows')) };
  if (rates.python.length === 0) return row;
  const ratio = median(ours) / median(rates.python);
  return { ...row, ratio: `${ratio.toFixed(1)}`, target: '≥ 10', met: ratio >= 10 };
}

report([
  {
    what: `The whole path, ${suffix}`,
    ...summarize(rates.whole, thousands('micro-batches')),
    target: '≥ 100 k',
    met: median(rates.whole) >= 100_000,
  },
  {
    what: 'The same, for each second of processor time',
    ...summarize(rates.wholeProcessor, thousands('micro-batches')),
  },
  wandbRow('W&B rows of the whole path, while TensorBoard and journal are written too', rates.whole),
  wandbRow('W&B rows where W&B is the only logger, `accumulate()` included', rates.wandb),
  rates.python.length === 0
    ? { what: "Python's wandb, offline", median: python.skipped }
    : {
        what: `Python's wandb ${version}, offline, the same rows`,
        ...summarize(rates.python, thousands('rows')),
        ratio: '1',
      },
]);
