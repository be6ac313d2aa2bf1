import { readWandbRun } from '../src/index.js';

/** What W&B shows of a run that several folders hold, but for times. */
export interface MergedRun {
  /** By key, each value as `[_step, value]`, in the order of the lines. */
  readonly history: Readonly<Record<string, readonly unknown[]>>;
  readonly summary: Readonly<Record<string, unknown>>;
  readonly exitCode: number | undefined;
}

const TIMES = ['_timestamp', '_runtime', '_wandb'];

/** Reads the folders of one run in their order, as `wandb sync` brings them to the server one after another. */
export function mergedRun(folders: readonly string[]): MergedRun {
  const runs = folders.map((folder) => readWandbRun(folder));
  const history = rowsByKey(runs.flatMap((run) => run.history));
  const last = runs.at(-1)!;
  const summary = Object.fromEntries(Object.entries(last.summary).filter(([key]) => !TIMES.includes(key)));
  return { history, summary, exitCode: last.exit?.exitCode };
}

/** The history of `MergedRun`. */
export function rowsByKey(rows: readonly Readonly<Record<string, unknown>>[]): MergedRun['history'] {
  const history: Record<string, unknown[]> = {};
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) {
      if (TIMES.includes(key) || key === '_step') continue;
      history[key] = [...(history[key] ?? []), [row._step, value]];
    }
  }
  return history;
}
