import { assertOptions, assertPositiveInteger } from '../logger/option-checks.js';
import {
  assertSizes,
  COMMON_OPTIONS,
  type CommonPolicyOptions,
  commonPolicy,
  type FixedPolicy,
} from './accumulation-policy.js';

/** fastxtend's options, in samples. */
export interface GradientAccumulationOptions extends CommonPolicyOptions {
  /** Samples in a window; null or absent means `nAcc`. */
  accumBatchSize?: number | null;
  /** fastai's name and default (32) for the same. */
  nAcc?: number;
}

/**
 * One optimizer step for every `accumBatchSize` samples (fastxtend's `GradientAccumulation`).
 * Throws a `TypeError` or `RangeError` that names the option and the value.
 */
export function gradientAccumulation(options: GradientAccumulationOptions = {}): FixedPolicy {
  assertOptions('gradientAccumulation', options, ['accumBatchSize', 'nAcc', ...COMMON_OPTIONS]);
  const { accumBatchSize = null, nAcc = 32 } = options;
  assertPositiveInteger('nAcc', nAcc);
  if (accumBatchSize !== null) assertPositiveInteger('accumBatchSize', accumBatchSize);
  const policy: FixedPolicy = Object.freeze({
    kind: 'fixed',
    accumBatchSize: accumBatchSize ?? nAcc,
    ...commonPolicy(options),
  });
  if (policy.microBatchSize !== undefined) assertSizes(policy, policy.microBatchSize);
  return policy;
}
