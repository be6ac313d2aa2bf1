// Rows a second to a stand-in for the W&B server, from the first call to a run that is complete there, beside Python's wandb:
// `npm run build && node bench/wandb-online.mjs [--quick]`
import { findPython } from './python-wandb.mjs';
import { report } from './rows.mjs';
import { summarize } from './statistics.mjs';
import { inTurn, ours, pairedRows, pythons, thousandsOfRows } from './wandb-rows.mjs';
import { startServer } from './wandb-server.mjs';

const [ROUNDS, ROWS, PYTHON_ROWS] = process.argv.includes('--quick') ? [2, 10_000, 2_000] : [7, 100_000, 10_000];

async function measure(python) {
  const server = await startServer(python);
  const about = { metrics: 10, how: server.url };
  const whole = (way, rows) => async (folder) => {
    const told = await way({ ...about, python, rows, folder });
    await server.assertWhole(rows);
    return told;
  };
  try {
    return await inTurn(ROUNDS, whole(ours, ROWS), whole(pythons, PYTHON_ROWS));
  } finally {
    await server.stop();
  }
}

function rowsOf(pairs) {
  const milliseconds = (name) =>
    summarize(
      pairs.map(({ a }) => a[name]),
      (ms) => `${ms.toFixed(2)} ms`,
    );
  return [
    ...pairedRows(pairs, {
      a: `Online, 10 metrics, ${ROWS} rows`,
      b: `Python's wandb ${pairs[0].b.version}, online, ${PYTHON_ROWS} rows`,
      value: ({ rate }) => rate,
      format: thousandsOfRows,
      sign: '≥',
      limit: 3,
    }),
    { what: 'Longest turn of the event loop that logs 10 rows', ...milliseconds('longestTurnMs') },
    { what: 'The longest such turn in processor time', ...milliseconds('busiestTurnMs') },
    { what: '`finish()`, until it returns its promise, with fsync', ...milliseconds('finishTurnMs') },
  ];
}

const python = findPython();
report(
  python.skipped === undefined
    ? rowsOf(await measure(python.path))
    : [{ what: 'Online', median: `${python.skipped}, nor the server's` }],
);
