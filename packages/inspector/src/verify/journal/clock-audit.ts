import type { Clocks, RunInfo, TrainEvent } from '@microbatch/core/logger';
import type { Reporter } from '../finding.js';
import { isNear } from '../near.js';
import { createBatchCounter, reportMissing, type Sequence } from './batch-counter.js';
import { createEpochClock } from './epoch-clock.js';

/** Checks that a journal's clocks count each batch once and in order, and never go back. */
export interface ClockAudit {
  /** Of an event that is `'repeated'` or `'late'`, nothing else is checked. */
  take(event: TrainEvent): Sequence;
  /** From here on it tells of another journal of the run: what is missing so far is none of its faults. */
  goOn(): void;
  /** Tells what never came, but for the optimizer steps of windows that were told of. */
  end(toldSteps: ReadonlySet<number>): void;
}

export function createClockAudit(run: RunInfo, report: Reporter): ClockAudit {
  const microSteps = createBatchCounter('microStep', run.resumedAt?.microStep ?? 0, report);
  const steps = createBatchCounter('step', run.resumedAt?.step ?? 0, report);
  const epochs = createEpochClock(run);
  // Older journals don't say how many samples lie behind a resumed run.
  let samples = run.resumedAt === undefined ? 0 : run.resumedAt.samples;
  let time = Number.NEGATIVE_INFINITY;

  function sequenceOf(event: TrainEvent): Sequence {
    if (event.type === 'micro-batch') return microSteps.take(event.microStep);
    if (event.type === 'accumulated-batch') return steps.take(event.step);
    return 'next';
  }

  function check(event: TrainEvent, clock: keyof Clocks, due: number, tolerance = 0): void {
    const found = event[clock];
    if (isNear(found, due, tolerance)) return;
    const message = `the ${event.type} at micro-batch ${event.microStep} says ${clock} ${found}, where ${due} is due`;
    report.fault('clock', { at: { microStep: event.microStep }, key: clock, expected: due, found, message });
  }

  return {
    take(event) {
      const sequence = sequenceOf(event);
      if (sequence === 'repeated' || sequence === 'late') return sequence;
      const isGap = sequence === 'gap';
      // What is missing between is told of once it never came: missing windows by what follows the windows.
      if (event.type !== 'micro-batch') {
        microSteps.skipTo(event.microStep);
        check(event, 'microStep', microSteps.current);
      }
      if (event.type !== 'accumulated-batch') {
        steps.skipTo(event.step);
        check(event, 'step', steps.current);
      }
      const trained = event.type === 'micro-batch' ? event.batchSamples : 0;
      if (samples !== undefined && !isGap) check(event, 'samples', samples + trained);
      samples = event.samples;
      if (event.time < time) check(event, 'time', time);
      time = Math.max(time, event.time);
      if (isGap) epochs.lose();
      const epoch = epochs.take(event);
      if (epoch !== undefined) {
        check(event, 'epoch', epoch, 1e-9);
        if (!isNear(event.epoch, epoch, 1e-9)) epochs.lose();
      }
      return sequence;
    },
    goOn() {
      microSteps.goOn();
      steps.goOn();
    },
    end(toldSteps) {
      reportMissing(microSteps, 'microStep', report);
      reportMissing(steps, 'step', report, toldSteps);
    },
  };
}
