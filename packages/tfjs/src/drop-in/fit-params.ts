import type { TrainingPlan } from '@microbatch/core';

/** What a fit tells its callbacks before it begins. */
export interface FitParams {
  /** The index of the epoch to end before. */
  readonly epochs: number;
  /** In an epoch; null in `fitDataset`. */
  readonly samples: number | null;
  /** Nominal samples in a batch; null in `fitDataset`. */
  readonly batchSize: number | null;
  /** Batches in an epoch of `fitDataset`; null where they are unknown, and in `fit`. */
  readonly steps: number | null;
  readonly doValidation: boolean;
  /** The names of the loss and the metrics in logs, then the same names in validation, where there is one. */
  readonly metrics: readonly string[];
}

/** What a run of this fit trains. `firstBatchSize` serves where neither fit nor the policy tells a size. */
export function planOfFit(
  { epochs, samples, batchSize, steps }: FitParams,
  firstEpoch: number,
  policySize: number | undefined,
  firstBatchSize: number | undefined,
): TrainingPlan {
  const microBatchSize = batchSize ?? policySize ?? firstBatchSize!;
  const microBatchesPerEpoch = samples === null ? steps : Math.ceil(samples / microBatchSize);
  const counted = microBatchesPerEpoch === null ? {} : { microBatchesPerEpoch };
  return { microBatchSize, epochs: epochs - firstEpoch, ...counted };
}

/** The names of the metrics in a batch's logs, without the loss, which is the first. */
export function metricNames({ metrics, doValidation }: FitParams): readonly string[] {
  return metrics.slice(1, doValidation ? metrics.length / 2 : metrics.length);
}
