import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { rowReader } from '../src/row-reader.js';
import { onEachBackend } from './backends.js';

onEachBackend(() => {
  describe('rowReader', () => {
    it.each([
      ['float32', [7]],
      ['float32', [7, 3]],
      ['int32', [7, 2, 3]],
      ['bool', [7, 3]],
    ] as const)('reads rows of %s %j as slice and gather do', (dtype, shape) => {
      const source = tf.cast(tf.randomUniform([...shape], 0, 2, 'float32', 3), dtype);
      const order = Int32Array.of(3, 0, 6, 5, 1, 4, 2);
      const read = rowReader(source);
      const same = (actual: tf.Tensor, expected: tf.Tensor) => {
        expect(actual.dtype).toBe(dtype);
        expect(actual.shape).toEqual(expected.shape);
        expect([...actual.dataSync()]).toEqual([...expected.dataSync()]);
      };
      same(read(2, 6), tf.slice(source, [2], [4]));
      same(read(2, 6, order), tf.gather(source, [6, 5, 1, 4]));
    });

    it('leaves a batch as it is where another one is read, a shorter one too', () => {
      const source = tf.range(0, 14).reshape([7, 2]);
      const order = Int32Array.of(3, 0, 6, 5, 1, 4, 2);
      const read = rowReader(source);
      const batches = [read(0, 3), read(3, 6, order), read(6, 7), read(0, 4)];
      expect(batches.map((batch) => [...batch.dataSync()])).toEqual([
        [0, 1, 2, 3, 4, 5],
        [10, 11, 2, 3, 8, 9],
        [12, 13],
        [0, 1, 2, 3, 4, 5, 6, 7],
      ]);
    });
  });
});
