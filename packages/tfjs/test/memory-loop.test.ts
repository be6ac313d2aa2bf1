import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { accumulateGradients } from '../src/index.js';
import './backends.js';

const ALL = { gradNorm: true, noiseScale: true, normTest: true, times: true };

it.each([false, true])(
  'a loop of one’s own holds the same tensors at every step over 10,000 micro-batches, measured and clipped: %s',
  async (more) => {
    await tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    const variable = tf.tidy(() => tf.variable(tf.ones([2])));
    const { optimizer, events$, end } = accumulateGradients(
      tf.train.sgd(1e-6),
      gradientAccumulation({ accumBatchSize: 6, microBatchSize: 2 }),
      more ? { measure: ALL, clip: { globalNorm: 1e-3 }, nonFinite: 'skip' } : {},
    );
    const counts = new Set<number>();
    events$.subscribe((event) => {
      if (event.type === 'accumulated-batch' && event.step > 1) counts.add(tf.memory().numTensors);
    });
    for (let microBatch = 0; microBatch < 10_000; microBatch++) {
      optimizer.minimize(() => tf.mean(variable) as tf.Scalar, false, [variable]);
      if (microBatch % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await end();
    variable.dispose();
    optimizer.dispose();
    expect(counts.size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  },
);
