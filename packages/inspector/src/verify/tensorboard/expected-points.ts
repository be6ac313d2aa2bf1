import type { Clocks, LogValue, RunInfo, StepAxis, TrainEvent } from '@microbatch/core/logger';
import { type ExpectedNames, scalarNames, shownNumbers } from '../expected-names.js';
import { type ExpectedValue, expectedValue } from '../expected-value.js';
import { clockAt } from '../step-axes.js';

/** A point that TensorBoard must have. */
export interface ExpectedPoint {
  readonly tag: string;
  readonly x: number;
  readonly value: ExpectedValue;
  /** ms since 1970. */
  readonly time: number;
  readonly microStep: number;
  /** A batch has put it there: it is never left out. */
  readonly isBatch: boolean;
}

/** How the event files were made of the events. */
export interface PointRules {
  readonly axis: StepAxis;
  readonly names: ExpectedNames;
  readonly logAccumBatch: boolean;
}

/** Follows a run's events. */
export interface ExpectedPoints {
  take(event: TrainEvent, isLate: boolean): void;
  /** The latest, whose points a later event may still replace; 0 before the first. */
  readonly x: number;
  end(): void;
}

/**
 * Says from the events which points TensorBoard must have, by the documented rules: a recorded batch at its clock; each
 * micro-batch's own loss where accumulated batches are recorded, but not on their axis; validation and logged values at the
 * clock that they came at, the last of each x, unless a batch has that tag there. A tag stays of the kind that it began with.
 */
export function createExpectedPoints(
  run: RunInfo,
  { axis, names, logAccumBatch }: PointRules,
  emit: (point: ExpectedPoint) => void,
): ExpectedPoints {
  const shown = { logAccumBatch, names, isScheduled: run.policy.kind === 'schedule' };
  const kinds = new Map<string, string>([...scalarNames(names)].map((tag) => [tag, 'number']));
  const waiting = new Map<string, ExpectedPoint>();
  let current = 0;

  function settle(): void {
    for (const point of waiting.values()) {
      const kind = kindOf(point.value);
      if (!kinds.has(point.tag)) kinds.set(point.tag, kind);
      if (kinds.get(point.tag) === kind) emit(point);
    }
    waiting.clear();
  }

  function put(event: Clocks, tag: string, value: ExpectedValue | undefined, isBatch: boolean): void {
    const x = clockAt(event, axis);
    if (x !== current) settle();
    current = x;
    // The first batch to write a tag at an x wins; a logged value only stands for a later one.
    if (value === undefined || tag === '' || waiting.get(tag)?.isBatch) return;
    waiting.set(tag, { tag, x, value, time: event.time, microStep: event.microStep, isBatch });
  }

  function putBatch(event: TrainEvent & { type: 'micro-batch' | 'accumulated-batch' }): void {
    const numbers = new Map(shownNumbers(event, shown));
    const isMicro = event.type === 'micro-batch';
    if (isMicro && logAccumBatch && axis !== 'accumulated') numbers.set(names.microLoss, event.loss);
    for (const [tag, value] of numbers) put(event, tag, value, true);
  }

  function putValues(event: Clocks, values: Readonly<Record<string, LogValue>>): void {
    for (const [tag, value] of Object.entries(values)) put(event, tag, expectedValue(value), false);
  }

  return {
    take(event, isLate) {
      switch (event.type) {
        case 'micro-batch':
        case 'accumulated-batch':
          if (isLate) settle();
          putBatch(event);
          break;
        case 'epoch-end':
          for (const [metric, value] of Object.entries(event.valid ?? {}))
            put(event, names.valid(metric), value, false);
          break;
        case 'log':
          putValues(event, event.values);
          break;
      }
    },
    get x() {
      return current;
    },
    end: settle,
  };
}

/** A table is shown as a text. */
function kindOf(value: ExpectedValue): string {
  if (typeof value !== 'object') return typeof value;
  return value.kind === 'table' ? 'string' : value.kind;
}
