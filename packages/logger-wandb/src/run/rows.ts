import {
  axisValue,
  batchScalars,
  type Clocks,
  isRecorded,
  type LogValue,
  type LogValues,
  type MetricNames,
  type RunInfo,
  type StepAxis,
  type TrainEvent,
} from '@microbatch/core/logger';
import type { RowTable } from '../log/row-table.js';
import { forEachLeaf, type JsonValue } from '../log/value-json.js';
import { assertOwnName, createMetaColumns } from './meta-columns.js';
import type { RunNotices } from './run-notices.js';

/** The clocks that every row holds, to be declared as metrics. */
export const CLOCK_KEYS: readonly string[] = ['trainer/micro_step', 'trainer/step', 'trainer/samples', 'epoch'];

/** Turns a run's events into W&B rows. */
export interface Rows {
  apply(event: TrainEvent): void;
  /** Closes the open row, unless it still waits for the run's first step. */
  flush(): void;
  /** Closes the open row. */
  close(): void;
}

/**
 * The rules by which events become rows: a pure state machine over `table`, whose row is the open one. `onRow` is told of
 * each row as it closes, while the table still holds it.
 *
 * Steps are the Python client's: equal ones merge, older ones are refused. The row of a recorded batch is its clock on
 * `axis`, less one. Values join the open row, or the summary where that row is closed. Before the first step they open a
 * row that this step joins.
 */
export function createRows(
  run: RunInfo,
  table: RowTable,
  options: {
    readonly axis: StepAxis;
    readonly names: MetricNames;
    /** Whether an epoch's end sets the open row's `epoch`, as fastai's callback does. */
    readonly epochAtEnd: boolean;
    /** The form that a logged value takes in the row of `step`. Throws a `TypeError` that says why it has none. */
    readonly toRowValue: (key: string, step: number, value: LogValue) => JsonValue;
    readonly setSummary: (column: number, value: JsonValue) => void;
    readonly onRow: (step: number) => void;
    readonly notices: RunNotices;
    /**
     * The least step of a row, 0 where absent: a run that goes on has older ones. A training that begins anew in such a run
     * has its steps behind them; one that goes on from a checkpoint keeps its own.
     */
    readonly startingStep?: number;
    /** Seconds that the run had taken before it was gone on with. */
    readonly runtimeBefore?: number;
  },
): Rows {
  const { axis, names, onRow, toRowValue, setSummary, notices, startingStep = 0, runtimeBefore = 0 } = options;
  const meta = createMetaColumns(table, { startedAt: run.startedAt, runtimeBefore });
  const clocks = CLOCK_KEYS.map(table.column);
  const stepOffset = run.resumedAt === undefined ? startingStep : 0;
  let state: 'none' | 'waiting' | 'open' | 'closed' = 'none';
  /** The step of the open row, or of the last one closed. */
  let step = 0;

  function closeRow(): void {
    if (state !== 'open' && state !== 'waiting') return;
    meta.putStep(step);
    onRow(step);
    table.clear();
    state = 'closed';
  }

  function putClocks(event: Clocks): void {
    meta.putTimestamp(event.time);
    meta.putRuntime(event.time);
    table.set(clocks[0]!, event.microStep);
    table.set(clocks[1]!, event.step);
    table.set(clocks[2]!, event.samples);
    table.set(clocks[3]!, event.epoch);
  }

  function put(key: string, column: number, value: JsonValue): void {
    if (table.set(column, value)) notices.overwritten(key, step);
  }

  function putScalar(key: string, value: number): void {
    put(key, table.column(key), value);
  }

  /** Makes the row of a step the open one. Returns where the step's values belong. */
  function enter(nextStep: number): 'row' | 'summary' | 'nowhere' {
    if (state === 'open' && nextStep > step) closeRow();
    const isFirst = state === 'none' || state === 'waiting';
    if (isFirst ? nextStep >= startingStep : nextStep > step) {
      state = 'open';
      step = nextStep;
      return 'row';
    }
    if (nextStep === step && !isFirst) return state === 'open' ? 'row' : 'summary';
    notices.stepRefused(nextStep, step);
    return 'nowhere';
  }

  function putBatch(event: TrainEvent & { type: 'micro-batch' | 'accumulated-batch' }): void {
    if (event.type === 'micro-batch' && !isRecorded(event, run)) return;
    const place = enter(axisValue(event, axis) - 1 + stepOffset);
    if (place === 'row') {
      putClocks(event);
      batchScalars(event, run, names, putScalar);
    } else if (place === 'summary') {
      toSummary(event.type, (emit) => batchScalars(event, run, names, (key, value) => emit(table.column(key), value)));
    }
  }

  function toSummary(what: string, each: (emit: (column: number, value: JsonValue) => void) => void): void {
    each(setSummary);
    notices.rowClosed(what, step);
  }

  function putValues(event: Clocks, what: string, values: readonly (readonly [key: string, value: JsonValue])[]): void {
    if (values.length === 0) return;
    if (state === 'closed') {
      toSummary(what, (emit) => {
        for (const [key, value] of values) forEachLeaf(key, value, (path, leaf) => emit(table.columnAt(path), leaf));
      });
      return;
    }
    if (state === 'none') {
      state = 'waiting';
      putClocks(event);
    }
    for (const [key, value] of values) forEachLeaf(key, value, (path, leaf) => put(key, table.columnAt(path), leaf));
  }

  function loggable(values: LogValues): [string, JsonValue][] {
    return Object.entries(values).flatMap(([key, value]): [string, JsonValue][] => {
      try {
        assertOwnName(key);
        return [[key, toRowValue(key, step, value)]];
      } catch (error) {
        notices.valueDropped(key, error as Error);
        return [];
      }
    });
  }

  return {
    apply(event) {
      switch (event.type) {
        case 'run-start':
          step = Math.max(startingStep, axisValue(event, axis) + stepOffset);
          return;
        case 'micro-batch':
        case 'accumulated-batch':
          return putBatch(event);
        case 'epoch-end':
          // fastai logs the epoch once more when it ends: the row that validation joins shows a whole number.
          if (options.epochAtEnd && state === 'open') table.set(clocks[3]!, event.epoch);
          return putValues(
            event,
            'validation',
            Object.entries(event.valid ?? {}).map(([metric, value]) => [names.valid(metric), value]),
          );
        case 'log':
          return putValues(event, 'log', loggable(event.values));
      }
    },
    flush() {
      if (state === 'open') closeRow();
    },
    close: closeRow,
  };
}
