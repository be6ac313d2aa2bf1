import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { squaredNorm } from '../src/squared-norm.js';
import { onEachBackend } from './backends.js';
import { registerStallingBackend } from './stalling-backend.js';

/** In float64, from the numbers that the tensors hold. */
function exactly(tensors: readonly tf.Tensor[]): number {
  let sum = 0;
  for (const tensor of tensors) for (const value of tensor.dataSync()) sum += value * value;
  return sum;
}

onEachBackend(() => {
  it('sums the squares of all tensors, whatever is left of a length that four does not divide', () => {
    const tensors = [1, 2, 3, 4, 5, 7, 8].map((length, index) =>
      tf.randomNormal([length, 3], 0, 1, 'float32', index + 1),
    );
    expect(squaredNorm([...tensors, undefined])).toBeCloseTo(exactly(tensors), 10);
    expect(squaredNorm([tf.scalar(-3), tf.tensor([1, 2], [2], 'int32')])).toBe(14);
    expect(squaredNorm([undefined])).toBe(0);
  });

  it('is exact where one float32 would lose a share of each square', () => {
    const large = tf.fill([1_000_000], 1.1);
    const square = Math.fround(1.1) ** 2;
    expect(Math.abs((squaredNorm([large]) as number) / (1_000_000 * square) - 1)).toBeLessThan(1e-10);
  });

  it('says so where a value is not finite', () => {
    expect(squaredNorm([tf.tensor1d([1, Number.NaN])])).toBeNaN();
    expect(squaredNorm([tf.tensor1d([1, -Infinity])])).toBe(Infinity);
  });

  it('leaves no tensor behind', () => {
    const tensor = tf.ones([3]);
    const before = tf.memory().numTensors;
    squaredNorm([tensor]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('on wasm', () => {
  it('reads tensors that still lie on another backend', async () => {
    await tf.setBackend('cpu');
    const elsewhere = tf.tensor1d([1, 2, 3]);
    await tf.setBackend('wasm');
    expect(squaredNorm([elsewhere, tf.tensor1d([4])])).toBe(30);
  });
});

describe('where reading stalls', () => {
  it('leaves the sum on the device, as one scalar', async () => {
    registerStallingBackend();
    await tf.setBackend('stalling');
    const tensors = [tf.tensor1d([1, 2]), tf.tensor2d([[3]])];
    const before = tf.memory().numTensors;
    const norm = squaredNorm([...tensors, undefined]) as tf.Scalar;
    expect(tf.memory().numTensors).toBe(before + 1);
    expect([...(await norm.data())]).toEqual([14]);
  });
});
