import * as tf from '@tensorflow/tfjs';
import { readingStalls, valuesInPlace } from './read-values.js';

/**
 * Σ value² over all tensors, as one: a number, or, on backends where reading stalls, a scalar that the caller reads and
 * disposes. Values that lie in memory are summed in float64 without a copy: wasm's kernels, which sum in one float32, are
 * 0.3 % off at 10⁶ values and 11 % at 10⁷, and take 6 times as long.
 */
export function squaredNorm(tensors: readonly (tf.Tensor | null | undefined)[]): number | tf.Scalar {
  let inMemory = 0;
  const elsewhere: tf.Tensor[] = [];
  for (const tensor of tensors) {
    if (tensor === null || tensor === undefined) continue;
    const values = valuesInPlace(tensor);
    if (values === undefined) elsewhere.push(tensor);
    else inMemory += sumOfSquares(values);
  }
  if (elsewhere.length === 0) return inMemory;
  const onDevice = tf.tidy(() => tf.addN(elsewhere.map((tensor) => tf.sum(tf.square(tensor))))) as tf.Scalar;
  if (readingStalls()) return onDevice;
  const [value] = onDevice.dataSync();
  onDevice.dispose();
  return inMemory + value!;
}

/** Four sums, because a processor adds to several at a time. */
function sumOfSquares(values: ArrayLike<number>): number {
  const { length } = values;
  const whole = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let at = 0; at < whole; at += 4) {
    a += values[at]! * values[at]!;
    b += values[at + 1]! * values[at + 1]!;
    c += values[at + 2]! * values[at + 2]!;
    d += values[at + 3]! * values[at + 3]!;
  }
  for (let at = whole; at < length; at += 1) a += values[at]! * values[at]!;
  return a + b + c + d;
}
