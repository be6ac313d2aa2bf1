import * as tf from '@tensorflow/tfjs';
import type { Digits } from './mnist-idx.js';

/** A classifier of 28 × 28 digits, 784-128-10, with seeded weights. */
export function digitClassifier(seed: number): tf.LayersModel {
  const initializer = (offset: number) => tf.initializers.glorotUniform({ seed: seed + offset });
  return tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [784], units: 128, activation: 'relu', kernelInitializer: initializer(0) }),
      tf.layers.dense({ units: 10, activation: 'softmax', kernelInitializer: initializer(1) }),
    ],
  });
}

/** The first `count` digits as tensors: `xs` [count, 784] from 0 to 1, `ys` [count, 10] one-hot. The caller disposes. */
export function digitTensors(digits: Digits, count: number = digits.count): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const size = digits.rows * digits.columns;
  const intensities = new Float32Array(count * size);
  for (let index = 0; index < intensities.length; index += 1) intensities[index] = digits.pixels[index]! / 255;
  const oneHot = new Float32Array(count * 10);
  for (let index = 0; index < count; index += 1) oneHot[index * 10 + digits.labels[index]!] = 1;
  return { xs: tf.tensor2d(intensities, [count, size]), ys: tf.tensor2d(oneHot, [count, 10]) };
}
