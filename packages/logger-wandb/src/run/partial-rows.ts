import { assertBoolean, assertOptions, show } from '@microbatch/core/logger';
import type { RowTable } from '../log/row-table.js';
import { forEachLeaf, type JsonValue } from '../log/value-json.js';
import { assertOwnName, createMetaColumns } from './meta-columns.js';
import type { RunNotices } from './run-notices.js';
import type { RunTime } from './run-time.js';

/** Where a call's values go. */
export interface LogOptions {
  /** The row's step; the open row's where absent. */
  readonly step?: number;
  /** Whether the row is complete; absent, it is where no `step` is given. */
  readonly commit?: boolean;
}

/** Rows as the calls of `run.log` make them. */
export interface PartialRows {
  /** The step of the open row, or of the next one. */
  readonly step: number;
  /** `timeMs` since 1970. */
  log(values: Readonly<Record<string, unknown>>, timeMs: number, options?: LogOptions): void;
  /** Writes the open row, if there is one. */
  close(timeMs: number): void;
}

/**
 * The Python client's rules (wandb:core/internal/stream/handler.go, handlePartialHistory): values join the open row; a later
 * step closes it, an older one is refused, and so does a call without a step once its values are in.
 */
export function createPartialRows(
  table: RowTable,
  options: {
    readonly startingStep: number;
    readonly runTime: RunTime;
    /** The form that a value takes in the row of `step`. Throws a `TypeError` that says why it has none. */
    readonly toRowValue: (key: string, step: number, value: unknown) => JsonValue;
    readonly onRow: (step: number, timeMs: number) => void;
    readonly notices: RunNotices;
  },
): PartialRows {
  const { toRowValue, notices } = options;
  const meta = createMetaColumns(table, options.runTime);
  let step = options.startingStep;
  let isOpen = false;

  function close(timeMs: number): void {
    if (!isOpen) return;
    meta.putRuntime(timeMs);
    meta.putStep(step);
    options.onRow(step, timeMs);
    table.clear();
    isOpen = false;
  }

  function put(key: string, value: unknown): void {
    if (typeof value === 'number') {
      putLeaf(key, table.column(key), value);
      return;
    }
    forEachLeaf(key, toRowValue(key, step, value), (path, leaf) => putLeaf(key, table.columnAt(path), leaf));
  }

  function putLeaf(key: string, column: number, value: JsonValue): void {
    if (table.set(column, value)) notices.overwritten(key, step);
  }

  return {
    get step() {
      return step;
    },
    log(values, timeMs, logOptions) {
      const { step: givenStep, commit = givenStep === undefined } = logOptions === undefined ? {} : checked(logOptions);
      if (givenStep !== undefined && givenStep < step) {
        notices.stepRefused(givenStep, step);
        return;
      }
      if (givenStep !== undefined && givenStep > step) {
        close(timeMs);
        step = givenStep;
      }
      isOpen = true;
      meta.putTimestamp(timeMs);
      for (const key of Object.keys(values)) {
        try {
          assertOwnName(key);
          put(key, values[key]);
        } catch (error) {
          notices.valueDropped(key, error as Error);
        }
      }
      if (!commit) return;
      close(timeMs);
      step++;
    },
    close,
  };
}

function checked(options: LogOptions): LogOptions {
  assertOptions('log', options, ['step', 'commit']);
  const { step, commit } = options;
  if (step !== undefined && !(Number.isSafeInteger(step) && step >= 0)) {
    throw new TypeError(`step must be a whole number, 0 or more, not ${show(step)}`);
  }
  if (commit !== undefined) assertBoolean('commit', commit);
  return options;
}
