import * as tf from '@tensorflow/tfjs';
import type { CustomModel, LabelledBatch } from '../src/index.js';

/** Logistic regression at fixed weights, whose gradient is known sample by sample. */
export interface LogisticRegression {
  /** For `train()`: the mean loss over a batch's samples, weighted where the batch has weights. */
  readonly model: CustomModel<LabelledBatch>;
  /** Each sample's own gradient, computed in float64 from the numbers that the tensors hold. */
  readonly sampleGradients: readonly (readonly number[])[];
  /** The samples at these places, as a batch. */
  batch(indices: readonly number[]): LabelledBatch;
}

export function logisticRegression(samples: number, features: number, seed: number): LogisticRegression {
  const xs = tf.tidy(() => tf.randomNormal([samples, features], 0.3, 1, 'float32', seed).arraySync() as number[][]);
  const ys = xs.map((x, index) => (x[0]! + x[1]! * Math.sin(index) > 0.4 ? 1 : 0));
  const weights = Array.from({ length: features }, (_, index) => Math.fround(0.3 * Math.cos(index + seed)));
  const variable = tf.variable(tf.tensor2d(weights, [features, 1]));
  return {
    model: {
      variables: [variable],
      loss({ xs, ys }) {
        const logits = tf.matMul(xs as tf.Tensor2D, variable as tf.Tensor2D);
        return tf.mean(tf.sub(tf.softplus(logits), tf.mul(ys as tf.Tensor, logits)));
      },
    },
    sampleGradients: xs.map((x, sample) => {
      const logit = x.reduce((sum, value, feature) => sum + value * weights[feature]!, 0);
      return x.map((value) => (1 / (1 + Math.exp(-logit)) - ys[sample]!) * value);
    }),
    batch: (indices) => ({
      xs: tf.tensor2d(
        indices.map((index) => xs[index]!),
        [indices.length, features],
      ),
      ys: tf.tensor2d(
        indices.map((index) => ys[index]!),
        [indices.length, 1],
      ),
    }),
  };
}

/** Σ share·vector. */
export function weightedSum(vectors: readonly (readonly number[])[], shares: readonly number[]): number[] {
  const sum = new Array<number>(vectors[0]!.length).fill(0);
  vectors.forEach((vector, index) => {
    vector.forEach((value, at) => {
      sum[at]! += shares[index]! * value;
    });
  });
  return sum;
}

export function meanOf(vectors: readonly (readonly number[])[]): number[] {
  return weightedSum(vectors, new Array<number>(vectors.length).fill(1 / vectors.length));
}

export function squareOf(vector: readonly number[]): number {
  return vector.reduce((sum, value) => sum + value * value, 0);
}

/** The trace of the covariance of samples' gradients: of all there are, or, without bias, of a few drawn from them. */
export function varianceOf(gradients: readonly (readonly number[])[], drawn = false): number {
  const mean = meanOf(gradients);
  const distances = gradients.map((gradient) => squareOf(gradient.map((value, at) => value - mean[at]!)));
  return distances.reduce((sum, distance) => sum + distance, 0) / (gradients.length - (drawn ? 1 : 0));
}
