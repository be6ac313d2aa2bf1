import type { AccumulationPolicy, RunOptions } from '@microbatch/core';
import type { Clip } from '../clip.js';
import { assertHistogramOptions, type HistogramOptions } from '../histograms.js';
import type { LearningRate } from '../learning-rate-schedule.js';
import { assertMeasureOptions, type MeasureOptions } from '../measure-options.js';
import { assertNonFinite, type NonFinite } from '../non-finite.js';
import { assertKnownOptions, assertOptional, assertPolicy, assertPositiveInteger, show } from '../option-checks.js';
import type { WeightDecay } from '../weight-decay.js';

/** What `accumulateGradients` takes besides the optimizer and the policy. */
export interface AccumulateGradientsOptions {
  /**
   * About the run that each fit is. Of an object with an `id`, which one run alone can have, there can be one fit; a function
   * gets the index of the run, from 0.
   */
  readonly run?: RunOptions | ((index: number) => RunOptions);
  /** As in `train()`: limits each window's mean gradient. */
  readonly clip?: Clip;
  /** As in `train()`: set on the optimizer before each step, whatever somebody else sets. */
  readonly learningRate?: LearningRate;
  /** As in `train()`: decoupled, once an optimizer step. */
  readonly weightDecay?: WeightDecay;
  /** As in `train()`; what fit itself logs of a micro-batch that is skipped stays what it is. */
  readonly nonFinite?: NonFinite;
  /** As in `train()`. */
  readonly histograms?: HistogramOptions;
  /** As in `train()`. Times leave out what fit does between the micro-batches' own work. */
  readonly measure?: MeasureOptions;
  /**
   * Samples in a micro-batch of `trainOnBatch` or of a loop of your own; by default the policy's. Where neither tells it, the
   * optimizer works in a fit that has the callback, and nowhere else.
   */
  readonly microBatchSize?: number;
  /** In a loop of your own: micro-batches in an epoch, which a schedule needs to know, and `lastWindow` without `endEpoch`. */
  readonly microBatchesPerEpoch?: number;
  /** In a loop of your own: epochs, which a schedule needs to know. */
  readonly epochs?: number;
  /** In a loop of your own: the samples of the micro-batch at hand, where they are not always `microBatchSize`. */
  readonly samples?: () => number;
  /**
   * In a loop of your own: what the micro-batch at hand counts for, where that is not its samples; the loss must be the mean
   * over it. One that counts for nothing is not computed, and its loss is 0.
   */
  readonly weight?: () => number;
}

const OPTIONS: readonly (keyof AccumulateGradientsOptions)[] = [
  'run',
  'clip',
  'learningRate',
  'weightDecay',
  'nonFinite',
  'histograms',
  'measure',
  'microBatchSize',
  'microBatchesPerEpoch',
  'epochs',
  'samples',
  'weight',
];

/** Checks policy and options. Throws a `TypeError` or `RangeError` that names the option and the value. */
export function assertAccumulateGradients(policy: AccumulationPolicy, options: AccumulateGradientsOptions): void {
  assertPolicy('policy', policy);
  assertKnownOptions('accumulateGradients', options, OPTIONS);
  const { run } = options;
  if (run !== undefined && (run === null || (typeof run !== 'object' && typeof run !== 'function'))) {
    throw new TypeError(`run must be an object or a function of the run's index, not ${show(run)}`);
  }
  assertNonFinite(options.nonFinite ?? 'propagate', policy.normalize);
  if (options.histograms !== undefined) assertHistogramOptions(options.histograms);
  if (options.measure !== undefined) assertMeasureOptions(options.measure);
  for (const option of ['microBatchSize', 'microBatchesPerEpoch', 'epochs'] as const) {
    if (options[option] !== undefined) assertPositiveInteger(option, options[option]);
  }
  for (const option of ['samples', 'weight'] as const) assertOptional(option, options[option], 'function');
  if (options.weight !== undefined && policy.normalize === 'target') {
    throw new TypeError("weight: normalize 'target' divides by samples: use normalize 'actual'");
  }
  const { microBatchSize = policy.microBatchSize } = options;
  if (microBatchSize !== undefined) return;
  for (const option of ['microBatchesPerEpoch', 'epochs', 'samples', 'weight'] as const) {
    if (options[option] === undefined) continue;
    throw new TypeError(`${option} is for a loop of your own, which needs microBatchSize too, here or in the policy`);
  }
}
