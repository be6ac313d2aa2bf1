import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inNewFolder } from './loggers.mjs';
import { median, medianInterval, summarize, verdict } from './statistics.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A function that makes rows of `metrics` random doubles, all of one shape as an object literal has it. */
export function rowMaker(metrics) {
  const names = Array.from({ length: metrics }, (_, index) => `train/metric_${index}`);
  const template = Object.fromEntries(names.map((name) => [name, 0.5]));
  return () => {
    const row = { ...template };
    for (const name of names) row[name] = Math.random();
    return row;
  };
}

/**
 * Both write `rows` rows of `metrics` random doubles below `folder`, by `run.log(row)`, in a process that does nothing else;
 * `how` is 'rows' or 'calls', offline, or a server's address. Resolves with what `wandb-run.mjs` and `python-wandb-rows.py`
 * tell; a rate is in rows a second from the first call to the end of `finish()`.
 */
export async function ours({ metrics, rows, how, folder }) {
  const child = fork(pathOf('wandb-run.mjs'), [how, metrics, rows, folder].map(String));
  const exited = once(child, 'exit');
  let told;
  child.on('message', (message) => {
    told = message;
  });
  const [code] = await exited;
  if (code !== 0 || told === undefined) throw new Error(`a run of ours ended with exit code ${code}`);
  return { ...told, rate: rows / told.seconds };
}

export async function pythons({ python, metrics, rows, how, folder }) {
  const child = spawn(python, [pathOf('python-wandb-rows.py'), how, metrics, rows, folder].map(String), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let [printed, complaints] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    printed += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece) => {
    complaints += piece;
  });
  const [code] = await closed;
  if (code !== 0) throw new Error(`Python's wandb ended with exit code ${code}:\n${complaints}`);
  const told = JSON.parse(printed);
  return { ...told, rate: rows / told.seconds };
}

/** Lets two ways run in turn, each in a new folder; the order alternates. Resolves with the pairs of what they told. */
export async function inTurn(rounds, a, b) {
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const told = new Map();
    for (const way of round % 2 === 0 ? [a, b] : [b, a]) told.set(way, await inNewFolder(way));
    pairs.push({ a: told.get(a), b: told.get(b) });
  }
  return pairs;
}

/** Two rows, ours and Python's, and the ratio ours / Python's pair by pair, which is to be `sign limit`. */
export function pairedRows(pairs, { a, b, value, format, sign, limit }) {
  const ratios = pairs.map((pair) => value(pair.a) / value(pair.b));
  const interval = medianInterval(ratios);
  const [middle, low, high] = [median(ratios), ...interval].map((ratio) => ratio.toFixed(ratio < 10 ? 2 : 0));
  const each = (side) =>
    summarize(
      pairs.map((pair) => value(pair[side])),
      format,
    );
  return [
    { what: a, ...each('a'), ratio: `${middle} (${low} to ${high})`, ...verdict(interval, sign, limit) },
    { what: b, ...each('b'), ratio: '1' },
  ];
}

export const thousandsOfRows = (rate) => `${(rate / 1000).toFixed(1)} k rows/s`;
