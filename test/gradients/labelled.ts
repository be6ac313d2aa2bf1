import * as tf from '@tensorflow/tfjs';

tf.enableProdMode();
await tf.setBackend('cpu');

/** |a - b| / |b|, Euclidean. */
export function relativeError(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values against ${expected.length}`);
  return Math.hypot(...actual.map((value, at) => value - expected[at]!)) / Math.hypot(...expected);
}

/** Inputs of any shape and one-hot targets of 3 classes, which the seed alone decides. */
export function labelled(samples: number, shape: readonly number[], seed: number): { xs: tf.Tensor; ys: tf.Tensor2D } {
  const xs = tf.randomNormal([samples, ...shape], 0, 1, 'float32', seed);
  const labels = Array.from({ length: samples }, (_, at) => (at * 7 + seed) % 3);
  return { xs, ys: tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 3).toFloat()) as tf.Tensor2D };
}
