import {
  assertSizes,
  COMMON_OPTIONS,
  type CommonPolicyOptions,
  commonPolicy,
  type SchedulePolicy,
} from './accumulation-policy.js';
import { type Annealer, schedCos } from './annealers.js';
import { assertOptions, assertPositiveInteger, show } from './options.js';
import { parseBound, type ScheduleBound } from './schedule-bound.js';

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
  const { startAccumBatchSize, finalAccumBatchSize, schedule = schedCos } = options;
  assertPositiveInteger('startAccumBatchSize', startAccumBatchSize);
  assertPositiveInteger('finalAccumBatchSize', finalAccumBatchSize);
  if (typeof schedule !== 'function') throw new TypeError(`schedule must be an annealer, not ${show(schedule)}`);
  const start = parseBound('start', options.start ?? 0);
  const finish = parseBound('finish', options.finish ?? 0.3);
  if (start.unit === finish.unit && start.value >= finish.value) {
    throw new RangeError(`start (${show(options.start ?? 0)}) must lie before finish (${show(options.finish ?? 0.3)})`);
  }
  const policy: SchedulePolicy = Object.freeze({
    kind: 'schedule',
    startAccumBatchSize,
    finalAccumBatchSize,
    start: Object.freeze(start),
    finish: Object.freeze(finish),
    schedule,
    ...commonPolicy(options),
  });
  if (policy.microBatchSize !== undefined) assertSizes(policy, policy.microBatchSize);
  return policy;
}
