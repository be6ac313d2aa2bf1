import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWandbRun } from '@microbatch/logger-wandb';

const SCRIPT = fileURLToPath(new URL('python-wandb.py', import.meta.url));
const ENVIRONMENT = fileURLToPath(new URL('../.cache/python/wandb-0.31/bin/python', import.meta.url));

/** The Python that has wandb: `BENCH_PYTHON`, or the one that `npm run test:interop` makes; or `skipped`, why there is none. */
export function findPython() {
  const path = process.env.BENCH_PYTHON || ENVIRONMENT;
  const from = process.env.BENCH_PYTHON ? 'BENCH_PYTHON' : 'the Python environment of `npm run test:interop`';
  const { status } = existsSync(path) ? spawnSync(path, ['-c', 'import wandb']) : {};
  return status === 0 ? { path } : { skipped: `skipped: ${from} is not there, or has no wandb` };
}

/** Writes `rows` into a run below `folder` by Python's wandb. Returns its version and rows a second; throws where a row is lost. */
export function pythonRate(python, rows, folder) {
  const path = join(folder, 'rows.jsonl');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { stdout, stderr, status } = spawnSync(python, [SCRIPT, path, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Python's wandb failed:\n${stderr}`);
  const { version, seconds } = JSON.parse(stdout);
  const { history } = readWandbRun(join(folder, 'wandb', 'latest-run'));
  if (history.length !== rows.length) throw new Error(`Python's wandb wrote ${history.length} of ${rows.length} rows`);
  return { version, rate: rows.length / seconds };
}

/** The rows of a run of ours, as Python is to log them: it adds the times by itself. */
export function rowsOf(folder) {
  const { history } = readWandbRun(join(folder, 'wandb', 'latest-run'));
  return history.map(({ _timestamp, _runtime, ...row }) => row);
}
