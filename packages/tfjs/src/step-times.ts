import type { StepMeasurements } from '@microbatch/core';

/** What an optimizer step's time is split into. */
export type StepPart = 'forwardBackwardMs' | 'accumulateMs' | 'applyMs' | 'logMs';

/** Splits the time between optimizer steps, lap by lap. */
export interface StepTimes {
  /** Begins to measure. */
  begin(): void;
  /** Books the time since the last lap to a part; without one, to the whole step alone. */
  lap(part?: StepPart): void;
  /** Leaves the time since the last lap out of the step. */
  leaveOut(): void;
  /** What the step took; the next one begins. */
  take(samples: number): Pick<StepMeasurements, StepPart | 'samplesPerSecond'>;
}

/** `now` in ms, on a clock that never goes back. */
export function createStepTimes(now: () => number): StepTimes {
  const nothing = { forwardBackwardMs: 0, accumulateMs: 0, applyMs: 0, logMs: 0 };
  let parts = { ...nothing };
  let wholeMs = 0;
  let last = 0;

  function passed(): number {
    const before = last;
    last = now();
    return last - before;
  }

  return {
    begin() {
      last = now();
    },
    lap(part) {
      const ms = passed();
      wholeMs += ms;
      if (part !== undefined) parts[part] += ms;
    },
    leaveOut() {
      last = now();
    },
    take(samples) {
      const taken = { samplesPerSecond: (1000 * samples) / wholeMs, ...parts };
      parts = { ...nothing };
      wholeMs = 0;
      return taken;
    },
  };
}
