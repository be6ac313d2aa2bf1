import type { Clocks, RunInfo, StepAxis, TrainEvent } from '@microbatch/core/logger';
import { type ExpectedNames, shownNumbers } from '../expected-names.js';
import { type ExpectedValue, expectedValue } from '../expected-value.js';
import { clockAt } from '../step-axes.js';

/** A row that W&B must have. */
export interface ExpectedRow extends Clocks {
  /** `_step`. */
  readonly row: number;
  /** Seconds that the run had gone, without the time between one process of it and the next. */
  readonly runtime: number;
  /** What opened it, for people. */
  readonly what: string;
  /** What a batch has put there; a log's and a validation's, which a closed row does not get any more, apart. */
  readonly batch: ReadonlyMap<string, ExpectedValue>;
  readonly joined: ReadonlyMap<string, ExpectedValue>;
}

/** The names under which a row holds the run's clocks. */
export const CLOCKS = {
  'trainer/micro_step': 'microStep',
  'trainer/step': 'step',
  'trainer/samples': 'samples',
  epoch: 'epoch',
} as const;
const CLOCK_KEYS = Object.keys(CLOCKS);

/** How a W&B run was made of the events. */
export interface RowRules {
  readonly axis: StepAxis;
  readonly names: ExpectedNames;
  readonly logAccumBatch: boolean;
  /** Whether an epoch's end sets the row's epoch, as with fastai's names. */
  readonly epochAtEnd: boolean;
  /** Where the log goes on with a run that the server had. */
  readonly startingStep: number;
}

/** Follows a run's events. */
export interface ExpectedRows {
  take(event: TrainEvent, isLate: boolean): void;
  /** The run goes on here, from a checkpoint: with the open row, and the time that it had gone. In ms since 1970. */
  resume(time: number): void;
  end(): void;
}

interface OpenRow extends ExpectedRow {
  batch: Map<string, ExpectedValue>;
  joined: Map<string, ExpectedValue>;
}

/**
 * Says from the events which rows W&B must have, by the documented rules: one a recorded batch, at its clock less one; what is
 * logged and validated joins the row that is open, or, before the first, the first; equal steps merge, older ones are refused.
 * `emit` gets each row when nothing can join it any more.
 */
export function createExpectedRows(run: RunInfo, rules: RowRules, emit: (row: ExpectedRow) => void): ExpectedRows {
  const { axis, startingStep, logAccumBatch } = rules;
  const shown = { logAccumBatch, names: rules.names, isScheduled: run.policy.kind === 'schedule' };
  // A training that begins anew in a run that is there has its rows behind those.
  const offset = run.resumedAt === undefined ? startingStep : 0;
  let open: OpenRow | undefined;
  let isFirst = true;
  let next = 0;
  // Where this process's part of the time begins, in ms since 1970, and the seconds before it.
  let [begun, gone, now] = [run.startedAt, 0, run.startedAt];
  const runtimeAt = (time: number) => gone + Math.max(0, time - begun) / 1000;

  function begin(row: number, event: Clocks, what: string): OpenRow {
    const { microStep, step, samples, epoch, time } = event;
    const clocks = { microStep, step, samples, epoch, time, runtime: runtimeAt(time) };
    return { row, what, ...clocks, batch: new Map(), joined: new Map() };
  }

  function close(): void {
    if (open !== undefined) emit(open);
    open = undefined;
  }

  function takeBatch(event: TrainEvent & { type: 'micro-batch' | 'accumulated-batch' }, isLate: boolean): void {
    const isAccumulated = event.type === 'accumulated-batch';
    // A micro-batch that is not recorded has no row; an accumulated batch joins that of its last micro-batch.
    if (!isAccumulated && logAccumBatch) return;
    const row = clockAt(event, axis) - 1 + offset;
    const what = isAccumulated ? `accumulated batch ${event.step}` : `micro-batch ${event.microStep}`;
    if (isLate) {
      const alone = begin(row, event, what);
      for (const [key, value] of shownNumbers(event, shown)) alone.batch.set(key, value);
      emit(alone);
      return;
    }
    const before = isFirst ? startingStep : next;
    if (row < before) return;
    if (open === undefined) open = begin(row, event, what);
    else if (isFirst || row > open.row) {
      const { joined } = open;
      if (!isFirst) close();
      open = begin(row, event, what);
      if (isFirst) open.joined = joined;
    } else {
      const { batch, joined } = open;
      open = { ...begin(row, event, open.what), batch, joined };
    }
    isFirst = false;
    next = row;
    // A value of a clock's name is what the row says, until a batch says its own.
    for (const key of CLOCK_KEYS) open.joined.delete(key);
    for (const [key, value] of shownNumbers(event, shown)) {
      open.batch.set(key, value);
      open.joined.delete(key);
    }
  }

  function join(event: Clocks, values: Iterable<readonly [string, ExpectedValue | undefined]>, what: string): void {
    for (const [key, value] of values) {
      if (value === undefined || key === '_step' || key === '_timestamp' || key === '_runtime') continue;
      open ??= begin(next, event, what);
      open.joined.set(key, value);
      open.batch.delete(key);
    }
  }

  return {
    take(event, isLate) {
      now = event.time;
      switch (event.type) {
        case 'run-start':
          next = Math.max(startingStep, clockAt(event, axis) + offset);
          break;
        case 'micro-batch':
        case 'accumulated-batch':
          takeBatch(event, isLate);
          break;
        case 'epoch-end':
          if (rules.epochAtEnd && open !== undefined && !isFirst) {
            open = { ...open, epoch: event.epoch };
            open.joined.delete('epoch');
          }
          join(
            event,
            Object.entries(event.valid ?? {}).map(([metric, value]) => [rules.names.valid(metric), value]),
            'a validation',
          );
          break;
        case 'log':
          join(
            event,
            Object.entries(event.values).map(([key, value]) => [key, expectedValue(value)]),
            'logged values',
          );
          break;
      }
    },
    resume(time) {
      [gone, begun, now] = [runtimeAt(now), time, time];
    },
    end: close,
  };
}
