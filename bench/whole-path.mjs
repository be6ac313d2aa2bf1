// Micro-batches a second from accumulate() to the closed files of all three loggers, windows of 8, 3 metrics, and W&B rows a
// second beside Python's wandb offline: each in a new process, with the same rows, from the first row to closed files.
// `npm run build && node bench/whole-path.mjs true|false [--quick]`: the value of logAccumBatch
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { allLoggers, inNewFolder, offlineWandb } from './loggers.mjs';
import { findPython, pythonRate, rowsOf } from './python-wandb.mjs';
import { recordedRun } from './recorded-run.mjs';
import { report } from './rows.mjs';
import { median, medianInterval, summarize, verdict } from './statistics.mjs';

const SCRIPT = fileURLToPath(import.meta.url);
const [value, ...flags] = process.argv.slice(2);
const logAccumBatch = value !== 'false';
const quick = flags.includes('--quick');
const [ROUNDS, MICRO_BATCHES] = quick ? [2, 80_000] : [9, 240_000];
const [PEER_ROUNDS, PEER_ROWS] = quick ? [1, 4_000] : [7, 20_000];

/** Micro-batches a second, on the clock and of the processor's time. */
async function rate(loggers, count) {
  const [began, processor] = [performance.now(), process.cpuUsage()];
  await recordedRun(count, loggers, { logAccumBatch });
  const clock = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { clock: count / clock, processor: (count / (user + system)) * 1e6 };
}

/** W&B rows a second in a process that has done nothing else, written below `folder`. */
function rateInNewProcess(which, folder) {
  return new Promise((resolve, reject) => {
    const child = fork(SCRIPT, [String(logAccumBatch), which, folder, String(PEER_ROWS)]);
    child.on('message', resolve);
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`the run with ${which} ended with exit code ${code} before it told a rate`)),
    );
  });
}

async function measureOnce([which, folder, rows]) {
  const loggers = which === 'all-loggers' ? allLoggers(folder) : [offlineWandb(folder)];
  const rowsPerMicroBatch = logAccumBatch ? 1 / 8 : 1;
  const { clock } = await rate(loggers, Number(rows) / rowsPerMicroBatch);
  process.send(clock * rowsPerMicroBatch);
}

async function measureAll() {
  const rates = { whole: [], processor: [] };
  // The first round warms up.
  for (let round = -1; round < ROUNDS; round += 1) {
    const { clock, processor } = await inNewFolder((folder) => rate(allLoggers(folder), MICRO_BATCHES));
    if (round < 0) continue;
    rates.whole.push(clock);
    rates.processor.push(processor);
  }
  const suffix = `\`logAccumBatch: ${logAccumBatch}\``;
  return [
    {
      what: `The whole path, ${suffix}`,
      ...summarize(rates.whole, thousands('micro-batches')),
      target: '≥ 100 k',
      met: median(rates.whole) >= 100_000,
    },
    { what: 'The same, for each second of processor time', ...summarize(rates.processor, thousands('micro-batches')) },
    ...(await measurePeers()),
  ];
}

async function measurePeers() {
  const python = findPython();
  const rates = { whole: [], wandb: [], python: [] };
  let version;
  for (let round = 0; round < PEER_ROUNDS; round += 1) {
    rates.whole.push(await inNewFolder((folder) => rateInNewProcess('all-loggers', folder)));
    const rows = await inNewFolder(async (folder) => {
      rates.wandb.push(await rateInNewProcess('wandb-alone', folder));
      return python.skipped === undefined ? rowsOf(folder) : [];
    });
    if (python.skipped !== undefined) continue;
    const theirs = await inNewFolder((folder) => pythonRate(python.path, rows, folder));
    rates.python.push(theirs.rate);
    version = theirs.version;
  }
  const compared = (ours) => {
    if (rates.python.length === 0) return {};
    const ratios = ours.map((one, round) => one / rates.python[round]);
    const [low, high] = medianInterval(ratios);
    const ratio = `${median(ratios).toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
    return { ratio, ...(ours === rates.whole ? verdict([low, high], '≥', 10) : {}) };
  };
  const row = (what, ours) => ({ what, ...summarize(ours, thousands('rows')), ...compared(ours) });
  return [
    row(`W&B rows of the whole path, ${PEER_ROWS} rows in a new process`, rates.whole),
    row('The same where W&B is the only logger', rates.wandb),
    rates.python.length === 0
      ? { what: "Python's wandb, offline", median: python.skipped }
      : {
          what: `Python's wandb ${version}, offline, the same rows in a new process`,
          ...summarize(rates.python, thousands('rows')),
          ratio: '1',
        },
  ];
}

function thousands(unit) {
  return (amount) => `${(amount / 1000).toFixed(1)} k ${unit}/s`;
}

if (flags[0] === 'all-loggers' || flags[0] === 'wandb-alone') await measureOnce(flags);
else report(await measureAll());
