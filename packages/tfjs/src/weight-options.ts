import type { Normalize } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';

/** What a batch counts for, as the user says it. */
export type BatchWeight<B> = (batch: B) => number | tf.Tensor;

/** All that `train` was told of weights. */
export interface WeightOptions<B> {
  readonly isLayersModel: boolean;
  readonly sampleWeights: unknown;
  readonly classWeight: unknown;
  readonly weight: BatchWeight<B> | undefined;
  readonly normalize: Normalize;
}

/**
 * What the user says a batch counts for. Throws a `TypeError` for weights that contradict each other or the policy's
 * divisor: at once, or, where a stream brings sample weights, when the function is called.
 */
export function weightOption<B>(options: WeightOptions<B>): BatchWeight<B> | undefined {
  const { isLayersModel, sampleWeights, classWeight, weight, normalize } = options;
  const given = [
    sampleWeights === undefined ? [] : 'data.sampleWeights',
    classWeight === undefined ? [] : 'classWeight',
  ];
  for (const option of given.flat()) {
    if (normalize === 'target') {
      throw new TypeError(
        `${option} can't go with normalize 'target', which divides by samples: use normalize 'actual'`,
      );
    }
    if (isLayersModel && weight !== undefined) throw bothSay(option);
    if (!isLayersModel && weight === undefined) {
      throw new TypeError(
        `${option}: a custom model averages by them itself; say what they come to with weight(batch)`,
      );
    }
  }
  if (!isLayersModel || weight === undefined) return weight;
  return (batch) => {
    if ((batch as { sampleWeights?: unknown }).sampleWeights !== undefined) throw bothSay('sampleWeights');
    return weight(batch);
  };
}

function bothSay(option: string): TypeError {
  return new TypeError(`weight and ${option} both say what a batch counts for: give one of them`);
}
