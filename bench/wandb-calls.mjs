// The time of one call of run.log with 10 metrics, offline, beside Python's wandb:
// `npm run build && node bench/wandb-calls.mjs [--quick]`
import { findPython } from './python-wandb.mjs';
import { report } from './rows.mjs';
import { medianInterval, summarize, verdict } from './statistics.mjs';
import { inTurn, ours, pythons } from './wandb-rows.mjs';

const [ROUNDS, ROWS, PYTHON_ROWS] = process.argv.includes('--quick') ? [2, 20_000, 1_000] : [7, 200_000, 5_000];
const P99_LIMIT_MS = 0.05;

const python = findPython();
const about = { metrics: 10, how: 'calls' };
const pairs = await inTurn(
  ROUNDS,
  (folder) => ours({ ...about, rows: ROWS, folder }),
  async (folder) =>
    python.skipped === undefined ? pythons({ ...about, python: python.path, rows: PYTHON_ROWS, folder }) : undefined,
);
const format = (ms) => `${(ms * 1000).toFixed(1)} µs`;
const row = (what, side, name) => ({
  what,
  ...summarize(
    pairs.map((pair) => pair[side][name]),
    format,
  ),
});
const p99 = verdict(medianInterval(pairs.map(({ a }) => a.p99Ms)), '≤', P99_LIMIT_MS);
report([
  row('A call, 10 metrics: median', 'a', 'medianMs'),
  { ...row('The same: 99th percentile', 'a', 'p99Ms'), ...p99, target: `${p99.target} ms` },
  ...(python.skipped === undefined
    ? [
        row(`Python's wandb ${pairs[0].b.version}: median`, 'b', 'medianMs'),
        row('The same: 99th percentile', 'b', 'p99Ms'),
      ]
    : [{ what: "Python's wandb", median: python.skipped }]),
]);
