import * as tf from '@tensorflow/tfjs';
import { show } from './option-checks.js';
import { readingStalls } from './read-values.js';

/**
 * What a batch counts for, from what a function says of it: a number, or, where reading it now would stall the device, a
 * scalar tensor that is the caller's. Throws a `TypeError` or `RangeError` for anything else.
 */
export function batchWeight(said: unknown): number | tf.Tensor {
  if (said instanceof tf.Tensor) {
    if (said.size !== 1) {
      throw new TypeError(`weight must be a number or a scalar tensor, not a tensor of ${said.size} values`);
    }
    // A tensor of its own: what the user returned may be a part of the batch, which is theirs.
    if (readingStalls()) return tf.cast(tf.reshape(said, []), 'float32');
    return batchWeight(said.dataSync()[0]);
  }
  if (typeof said !== 'number') throw new TypeError(`weight must be a number or a scalar tensor, not ${show(said)}`);
  if (Number.isFinite(said) && said >= 0) return said;
  throw new RangeError(`weight must be a number that is not negative, not ${said}`);
}
