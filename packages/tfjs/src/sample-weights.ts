import * as tf from '@tensorflow/tfjs';
import { show } from './option-checks.js';
import { readingStalls } from './read-values.js';
import { showShape } from './tensors.js';

/**
 * Refuses sample weights that are not one for each sample, or several for its timesteps, and, looked at where that stalls no
 * device, values that are negative or not finite, with a `TypeError` or `RangeError` that starts with `owner`.
 */
export function assertSampleWeights(owner: string, weights: unknown, samples: number): asserts weights is tf.Tensor {
  if (!(weights instanceof tf.Tensor)) {
    throw new TypeError(`${owner}: sampleWeights must be a tensor of a weight for each sample, not ${show(weights)}`);
  }
  if (weights.shape[0] !== samples) {
    throw new RangeError(
      `${owner}: sampleWeights must have the shape [${samples}] or [${samples}, time], not ${showShape(weights.shape)}`,
    );
  }
  if (readingStalls()) return;
  const values = weights.dataSync();
  const wrong = values.findIndex((value) => !(Number.isFinite(value) && value >= 0));
  if (wrong === -1) return;
  throw new RangeError(
    `${owner}: sampleWeights must be finite and not negative; number ${wrong} of them is ${values[wrong]}`,
  );
}

/** Refuses weights that are all 0, with a `RangeError`; looks where that stalls no device. */
export function assertSomeWeight(owner: string, weights: tf.Tensor): void {
  if (readingStalls() || weights.dataSync().some((value) => value > 0)) return;
  throw new RangeError(`${owner}: sampleWeights are 0 for every sample`);
}

/** Refuses what tfjs's and Keras's `fit` call it, with a `TypeError`: weights that nobody reads would change nothing. */
export function assertNoMisnamedWeights(owner: string, batch: object): void {
  if ('sampleWeight' in batch) throw new TypeError(`${owner}: sampleWeight is not known; it is called sampleWeights`);
}
