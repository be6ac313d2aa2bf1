import type { RowTable } from '../log/row-table.js';
import type { RunTime } from './run-time.js';

/** The columns that every row has of W&B's own. */
export interface MetaColumns {
  putStep(step: number): void;
  /** `timeMs` since 1970. */
  putTimestamp(timeMs: number): void;
  /** How long the run has gone at `timeMs` since 1970. */
  putRuntime(timeMs: number): void;
}

export function createMetaColumns(table: RowTable, runTime: RunTime): MetaColumns {
  const step = table.column('_step');
  const timestamp = table.column('_timestamp');
  const runtime = table.column('_runtime');
  return {
    putStep: (value) => void table.set(step, value),
    putTimestamp: (timeMs) => void table.set(timestamp, timeMs / 1000),
    putRuntime: (timeMs) => void table.set(runtime, runTime.secondsAt(timeMs)),
  };
}

/** Refuses a user's value that has the name of such a column, with a `TypeError`. */
export function assertOwnName(key: string): void {
  if (key === '_step' || key === '_timestamp' || key === '_runtime') {
    throw new TypeError('W&B keeps this name for itself');
  }
}
