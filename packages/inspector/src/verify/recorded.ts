import type { StepAxis } from '@microbatch/core/logger';
import { expectedNames, NAMING_SCHEMES } from './expected-names.js';
import type { EventFileHead } from './tensorboard/peek-event-file.js';
import type { WandbTarget } from './wandb/load-wandb.js';

/** Whether rows are of accumulated batches: `byRun`, the run's own choice, unless they clearly are of the other kind. */
export function rowsAreAccumulated({ rows }: WandbTarget, byRun: boolean): boolean {
  const all = [...rows.values()];
  const steps = shareOfNext(all.map((row) => row['trainer/step']));
  const microSteps = shareOfNext(all.map((row) => row['trainer/micro_step']));
  return decide(steps, microSteps, byRun);
}

/** The same of event files: what they may be of, the likeliest first. */
export function likelyAccumulated({ tags }: EventFileHead, axis: StepAxis, byRun: boolean): readonly boolean[] {
  const microLosses = ['micro_loss', ...NAMING_SCHEMES.map((scheme) => expectedNames(scheme).microLoss)];
  // Each micro-batch's own loss stands beside accumulated ones; its absence may be a fault.
  if (axis === 'accumulated' || microLosses.some((tag) => tags.has(tag))) return [true];
  return [byRun, !byRun];
}

function decide(steps: number, microSteps: number, byRun: boolean): boolean {
  if (steps >= CLEAR && microSteps < CLEAR) return true;
  return microSteps >= CLEAR && steps < CLEAR ? false : byRun;
}

const CLEAR = 0.7;

/** Which part of the numbers is one more than the number before. */
function shareOfNext(numbers: readonly unknown[]): number {
  const next = numbers.filter((number, at) => at > 0 && number === (numbers[at - 1] as number) + 1);
  return next.length / Math.max(1, numbers.length - 1);
}
