import type { AccumulatedBatchEvent, MicroBatchEvent, RunInfo } from '@microbatch/core/logger';
import type { Reporter } from '../finding.js';
import { isNear } from '../near.js';

/** fastai's (fastai:fastai/learner.py, `AvgSmoothLoss`): mean = β·mean + (1 − β)·loss, divided by 1 − βⁿ. */
const BETA = 0.98;
const TOLERANCE = 1e-9;
/** From here on it depends on how the mean is written down. */
const HUGE = 1e300;

/** Recomputes the smoothed loss of each recorded batch. */
export interface SmoothAudit {
  take(event: MicroBatchEvent | AccumulatedBatchEvent): void;
}

/**
 * `before`: how many recorded losses lie behind a resumed run; undefined where nobody knows, and nothing is checked. Its first
 * smoothed loss is taken as it is.
 */
export function createSmoothAudit(run: RunInfo, report: Reporter, before: number | undefined): SmoothAudit {
  const recorded = run.logAccumBatch ? 'accumulated-batch' : 'micro-batch';
  let count = before ?? 0;
  let mean = count === 0 ? 0 : undefined;
  let scale = 0;

  function check(event: MicroBatchEvent | AccumulatedBatchEvent, due: number, found: number): boolean {
    if (scale > HUGE) return true;
    if (isNear(found, due, TOLERANCE, Math.max(scale, Math.abs(due)))) return true;
    const { microStep, step } = event;
    const at = run.logAccumBatch ? { step, microStep } : { microStep };
    const message = `${nameOf(event)} says smoothLoss ${found}, where the losses up to it make ${due}`;
    report.fault('smooth-loss', { at, key: 'smoothLoss', expected: due, found, message });
    return false;
  }

  return {
    take(event) {
      if (event.type !== recorded || before === undefined) return;
      const { smoothLoss: found } = event;
      if (found === undefined) {
        const message = `${nameOf(event)} is recorded, but has no smoothLoss`;
        report.fault('smooth-loss', { at: { microStep: event.microStep }, key: 'smoothLoss', message });
        return;
      }
      // A micro-batch that weighs nothing, as one that is skipped, is no part of the mean.
      if (event.type === 'accumulated-batch' || event.weight > 0) {
        count += 1;
        // An infinity, too: what follows it is no number to compare.
        scale = Math.max(scale, Number.isNaN(event.loss) ? 0 : Math.abs(event.loss));
        if (mean !== undefined) mean = BETA * mean + (1 - BETA) * event.loss;
      }
      const bias = 1 - BETA ** count;
      // Behind a fault each further loss would be one: it goes on from what was told.
      if (mean === undefined || !check(event, mean / bias, found)) mean = found * bias;
      if (Number.isFinite(found)) scale = Math.max(scale, Math.abs(found));
    },
  };
}

function nameOf(event: MicroBatchEvent | AccumulatedBatchEvent): string {
  return event.type === 'micro-batch' ? `micro-batch ${event.microStep}` : `step ${event.step}`;
}
