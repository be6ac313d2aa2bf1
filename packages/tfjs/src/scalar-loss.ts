import * as tf from '@tensorflow/tfjs';
import { showShape } from './tensors.js';

/** What a loss function returned. Throws a `TypeError` that starts with `owner` where it is no scalar. */
export function scalarLoss(owner: string, loss: unknown): tf.Scalar {
  if (!(loss instanceof tf.Tensor)) throw new TypeError(`${owner} must return a scalar tensor, not ${String(loss)}`);
  if (loss.rank !== 0) {
    throw new TypeError(`${owner} must return a scalar, not a tensor of shape ${showShape(loss.shape)}: take its mean`);
  }
  return loss as tf.Scalar;
}
