import { assertBoolean, assertOneOf, assertPositiveInteger } from '../logger/option-checks.js';
import type { LastWindow, Normalize } from '../logger/run-info.js';
import type { Annealer } from './annealers.js';
import type { ParsedBound } from './schedule-bound.js';

/** What both policies have. */
export interface CommonPolicyOptions {
  /** Samples in a micro-batch, for plans that do not say. */
  microBatchSize?: number;
  /** What is recorded: accumulated batches (true, default) or micro-batches (false). */
  logAccumBatch?: boolean;
  /** The incomplete window at an epoch's end: keep filling it (`'carry'`, default), step with it, or discard it. */
  lastWindow?: LastWindow;
  /** Divide by the weight really seen (`'actual'`, default) or by the target in samples (`'target'`, as fastai). */
  normalize?: Normalize;
}

interface CommonPolicy {
  readonly microBatchSize?: number;
  readonly logAccumBatch: boolean;
  readonly lastWindow: LastWindow;
  readonly normalize: Normalize;
}

/** Windows of one size, in samples. */
export interface FixedPolicy extends CommonPolicy {
  readonly kind: 'fixed';
  readonly accumBatchSize: number;
}

/** Windows whose size goes from one number of samples to another. */
export interface SchedulePolicy extends CommonPolicy {
  readonly kind: 'schedule';
  readonly startAccumBatchSize: number;
  readonly finalAccumBatchSize: number;
  readonly start: ParsedBound;
  readonly finish: ParsedBound;
  readonly schedule: Annealer;
}

/** When a window closes and what becomes of its tail; made by one of the two policy functions. */
export type AccumulationPolicy = FixedPolicy | SchedulePolicy;

export const COMMON_OPTIONS: readonly string[] = ['microBatchSize', 'logAccumBatch', 'lastWindow', 'normalize'];

/** Checks the options that both policies have. */
export function commonPolicy(options: CommonPolicyOptions): CommonPolicy {
  const { microBatchSize, logAccumBatch = true, lastWindow = 'carry', normalize = 'actual' } = options;
  if (microBatchSize !== undefined) assertPositiveInteger('microBatchSize', microBatchSize);
  assertBoolean('logAccumBatch', logAccumBatch);
  assertOneOf('lastWindow', lastWindow, ['carry', 'flush', 'drop']);
  assertOneOf('normalize', normalize, ['actual', 'target']);
  if (normalize === 'target' && lastWindow === 'flush') {
    throw new TypeError(
      "normalize 'target' divides a flushed window by samples that it does not hold: use normalize 'actual' or lastWindow 'carry' or 'drop'",
    );
  }
  const common = { logAccumBatch, lastWindow, normalize };
  return microBatchSize === undefined ? common : { ...common, microBatchSize };
}

/** Refuses a policy whose windows can't be made of whole micro-batches of this size, with a `RangeError`. */
export function assertSizes(policy: AccumulationPolicy, microBatchSize: number): void {
  if (policy.kind === 'fixed') {
    assertMultipleOf('accumBatchSize', policy.accumBatchSize, microBatchSize);
    return;
  }
  assertMultipleOf('startAccumBatchSize', policy.startAccumBatchSize, microBatchSize);
  assertHolds('finalAccumBatchSize', policy.finalAccumBatchSize, microBatchSize);
}

function assertMultipleOf(option: string, size: number, microBatchSize: number): void {
  assertHolds(option, size, microBatchSize);
  if (size % microBatchSize !== 0) {
    throw new RangeError(`${option} (${size}) must be a multiple of microBatchSize (${microBatchSize})`);
  }
}

function assertHolds(option: string, size: number, microBatchSize: number): void {
  if (size < microBatchSize) {
    throw new RangeError(`${option} (${size}) must not be smaller than microBatchSize (${microBatchSize})`);
  }
}
