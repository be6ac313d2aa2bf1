import * as tf from '@tensorflow/tfjs';
import { showShape } from './tensors.js';

/** Σ weight·value / Σ weight over one batch, inside the caller's `tf.tidy`. */
export interface WeightedMean {
  /**
   * The mean of values that have a weight each; the axes behind those of the weights are averaged first. 0 where all
   * weights are 0, as Keras has it. Throws a `TypeError` that starts with `owner` for values of another shape.
   */
  of(owner: string, values: tf.Tensor): tf.Tensor;
  /** The same, but what has no value for each weight, as recall, is averaged without them. */
  ofMetric(values: tf.Tensor): tf.Tensor;
}

/** Made off the gradient tape: a division of 0 by 0 on it would turn the gradient of a batch that weighs 0 into NaN. */
export function weightedMean(weights: tf.Tensor): WeightedMean {
  const total = tf.sum(weights);
  const inverse = tf.where(tf.greater(total, 0), tf.div(1, total), tf.zerosLike(total));

  const fits = ({ shape }: tf.Tensor) =>
    shape.length >= weights.rank && weights.shape.every((size, axis) => shape[axis] === size);

  function mean(values: tf.Tensor): tf.Tensor {
    const inner = values.shape.map((_, axis) => axis).slice(weights.rank);
    const elements = inner.length === 0 ? values : tf.mean(values, inner);
    return tf.mul(tf.sum(tf.mul(tf.cast(elements, 'float32'), weights)), inverse);
  }

  return {
    of(owner, values) {
      if (values instanceof tf.Tensor && fits(values)) return mean(values);
      const given = values instanceof tf.Tensor ? `a tensor of shape ${showShape(values.shape)}` : String(values);
      throw new TypeError(
        `${owner} must return a value for each weight, of the shape ${showShape(weights.shape)}, not ${given}`,
      );
    },
    ofMetric: (values) => (fits(values) ? mean(values) : tf.mean(values)),
  };
}
