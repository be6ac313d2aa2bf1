import { assertOptions, assertPositiveInteger, show } from '../logger/option-checks.js';
import {
  assertSizes,
  COMMON_OPTIONS,
  type CommonPolicyOptions,
  commonPolicy,
  type SchedulePolicy,
} from './accumulation-policy.js';
import { type Annealer, schedCos } from './annealers.js';
import { parseBound, type ScheduleBound } from './schedule-bound.js';

/** fastxtend's options; sizes in samples. */
export interface GradientAccumulationScheduleOptions extends CommonPolicyOptions {
  /** Samples in the first windows. */
  startAccumBatchSize: number;
  /** Samples in the last windows; floored to whole micro-batches. */
  finalAccumBatchSize: number;
  /** Where the size begins to change; 0 by default. */
  start?: ScheduleBound;
  /** From where on it is `finalAccumBatchSize`; 0.3 by default. */
  finish?: ScheduleBound;
  schedule?: Annealer;
}

/**
 * Windows that grow or shrink along an annealer (fastxtend's `GradientAccumulationSchedule`).
 * Needs a plan that knows `microBatchesPerEpoch` and `epochs`. Throws a `TypeError` or `RangeError` that names the
 * option and the value.
 */
export function gradientAccumulationSchedule(options: GradientAccumulationScheduleOptions): SchedulePolicy {
  const own = ['startAccumBatchSize', 'finalAccumBatchSize', 'start', 'finish', 'schedule'];
  assertOptions('gradientAccumulationSchedule', options, [...own, ...COMMON_OPTIONS]);
  const { startAccumBatchSize, finalAccumBatchSize, start = 0, finish = 0.3, schedule = schedCos } = options;
  assertPositiveInteger('startAccumBatchSize', startAccumBatchSize);
  assertPositiveInteger('finalAccumBatchSize', finalAccumBatchSize);
  if (typeof schedule !== 'function') throw new TypeError(`schedule must be an annealer, not ${show(schedule)}`);
  const from = parseBound('start', start);
  const until = parseBound('finish', finish);
  if (from.unit === until.unit && from.value >= until.value) {
    throw new RangeError(`start (${show(start)}) must lie before finish (${show(finish)})`);
  }
  const policy: SchedulePolicy = Object.freeze({
    kind: 'schedule',
    startAccumBatchSize,
    finalAccumBatchSize,
    start: Object.freeze(from),
    finish: Object.freeze(until),
    schedule,
    ...commonPolicy(options),
  });
  if (policy.microBatchSize !== undefined) assertSizes(policy, policy.microBatchSize);
  return policy;
}
