import type { RunInfo } from './run-info.js';
import type { Clocks } from './train-event.js';

/** The clock that a logger uses as its x. */
export type StepAxis = 'micro' | 'accumulated' | 'samples';

/** Reads one clock of an event: 1-based, 0 before the first. */
export function axisValue(clocks: Clocks, axis: StepAxis): number {
  if (axis === 'micro') return clocks.microStep;
  return axis === 'accumulated' ? clocks.step : clocks.samples;
}

/** Refuses an axis that a logger does not know, with a `TypeError`. */
export function assertStepAxis(axis: unknown): asserts axis is StepAxis | undefined {
  if (axis === undefined || axis === 'micro' || axis === 'accumulated' || axis === 'samples') return;
  throw new TypeError(`stepAxis must be 'micro', 'accumulated' or 'samples', not ${JSON.stringify(axis)}`);
}

/** Refuses the axis on which a run's recorded batches would share an x, with a `TypeError`. */
export function assertAxisFits(axis: StepAxis, run: RunInfo): void {
  if (axis === 'accumulated' && !run.logAccumBatch) {
    throw new TypeError(
      "stepAxis 'accumulated' needs logAccumBatch: true: with false, the micro-batches of a window would share one x",
    );
  }
}
