// Offline rows a second and bytes a row, beside Python's wandb: `npm run build && node bench/wandb-offline.mjs [--quick]`
import { findPython } from './python-wandb.mjs';
import { report } from './rows.mjs';
import { summarize } from './statistics.mjs';
import { inTurn, ours, pairedRows, pythons, thousandsOfRows } from './wandb-rows.mjs';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 2 : 7;
// So many rows that each takes some seconds in all, Python the fewer ones.
const SIZES = [
  { metrics: 1, rows: 600_000, pythonRows: 10_000, target: 60 },
  { metrics: 10, rows: 200_000, pythonRows: 10_000, target: 20 },
  { metrics: 100, rows: 20_000, pythonRows: 3_000, target: 8 },
].map((size) => (quick ? { ...size, rows: size.rows / 10, pythonRows: size.pythonRows / 10 } : size));

const python = findPython();

async function measure({ metrics, rows, pythonRows, target }) {
  const count = `${metrics} metric${metrics === 1 ? '' : 's'}`;
  const our = (folder) => ours({ metrics, rows, how: 'rows', folder });
  if (python.skipped !== undefined) {
    const [{ a }] = await inTurn(1, our, async () => {});
    return [
      { what: `${count}, ${rows} rows`, ...summarize([a.rate], thousandsOfRows) },
      { what: "Python's wandb", median: python.skipped },
    ];
  }
  const their = (folder) => pythons({ python: python.path, metrics, rows: pythonRows, how: 'rows', folder });
  const pairs = await inTurn(ROUNDS, our, their);
  const b = `Python's wandb ${pairs[0].b.version}, ${pythonRows} rows`;
  return [
    ...pairedRows(pairs, {
      a: `${count}, ${rows} rows`,
      b,
      value: ({ rate }) => rate,
      format: thousandsOfRows,
      sign: '≥',
      limit: target,
    }),
    ...pairedRows(
      pairs.map((pair) => ({ a: pair.a.bytes / rows, b: pair.b.bytes / pythonRows })),
      {
        a: `The log file, ${count}`,
        b,
        value: (bytes) => bytes,
        format: (bytes) => `${bytes.toFixed(0)} bytes a row`,
        sign: '≤',
        limit: 1,
      },
    ),
  ];
}

const found = [];
for (const size of SIZES) found.push(...(await measure(size)));
report(found);
