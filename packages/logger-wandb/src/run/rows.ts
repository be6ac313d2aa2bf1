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
import { forEachLeaf, type JsonValue, parseValueJson, valueJsonText } from '../log/value-json.js';
import { assertOwnName, createMetaColumns } from './meta-columns.js';
import type { RunNotices } from './run-notices.js';
import { createRunTime, type RunTime } from './run-time.js';

/** The clocks that every row holds, to be declared as metrics. */
export const CLOCK_KEYS: readonly string[] = ['trainer/micro_step', 'trainer/step', 'trainer/samples', 'epoch'];

/** Turns a run's events into W&B rows. */
export interface Rows {
  apply(event: TrainEvent): void;
  /** Closes the open row, unless it still waits for the run's first step. */
  flush(): void;
  /** Closes the open row. */
  close(): void;
  /** The step of the open row, where there is one. */
  readonly openStep: number | undefined;
  /** Where the rows stand, with the open one, so that a resumed run can go on with it. */
  state(): RowsState;
}

/** Plain data. */
export interface RowsState {
  readonly state: 'none' | 'waiting' | 'open' | 'closed';
  readonly step: number;
  /** The open row: each path with its value as JSON text. */
  readonly row: readonly (readonly [path: readonly string[], value: string])[];
  /** Seconds that the run had gone. */
  readonly runtime: number;
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
    readonly runTime?: RunTime;
    /** Seconds that the run had gone where the server has it already. */
    readonly runtimeBefore?: number | undefined;
    /** Where a resumed run goes on: every row has its own step, and whoever writes them knows which are written. */
    readonly restored?: RowsState | undefined;
  },
): Rows {
  const { axis, names, onRow, toRowValue, setSummary, notices, restored } = options;
  const startingStep = restored === undefined ? (options.startingStep ?? 0) : 0;
  const runTime = options.runTime ?? createRunTime(run);
  const meta = createMetaColumns(table, runTime);
  const clocks = CLOCK_KEYS.map(table.column);
  const stepOffset = run.resumedAt === undefined ? startingStep : 0;
  let state: RowsState['state'] = 'none';
  /** The step of the open row, or of the last one closed. */
  let step = 0;
  /** Of the latest event, in ms since 1970. */
  let now = run.startedAt;

  function restore(from: RowsState): void {
    ({ state, step } = from);
    for (const [path, value] of from.row) table.set(table.columnAt(path), parseValueJson(value) as JsonValue);
  }

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
      now = event.time;
      switch (event.type) {
        case 'run-start':
          if (restored !== undefined) {
            runTime.goOn(event.time, restored.runtime);
            return restore(restored);
          }
          // A training that goes on began long before this process did.
          if (run.resumedAt !== undefined && options.runtimeBefore !== undefined) {
            runTime.goOn(event.time, options.runtimeBefore);
          }
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
    get openStep() {
      return state === 'open' || state === 'waiting' ? step : undefined;
    },
    state() {
      const { paths, latest, filled, width } = table;
      const row = filled.slice(0, width).map((column) => [paths[column]!, valueJsonText(latest[column]!)] as const);
      return { state, step, row, runtime: runTime.secondsAt(now) };
    },
  };
}
