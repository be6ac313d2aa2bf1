import { readFileSync } from 'node:fs';
import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { collect, largestError, ofType, weightsOf } from './fixtures.js';

interface Trace {
  config: { batchSize: number; epochs: number; learningRate: number; accumBatchSize: number };
  init: { weight: number[][]; bias: number[] };
  train: { x: number[][]; y: number[] };
  valid: { x: number[][]; y: number[] };
  rawLoss: number[];
  stepsAt: number[];
  weights: number[][];
  validation: { valid_loss: number; mae: number }[];
}

const trace: Trace = JSON.parse(readFileSync(new URL('golden/ga32_log_nodrop.json', import.meta.url), 'utf8'));

onEachBackend(() => {
  it('reproduces fastxtend step by step: the same micro-batches step, to the same weights and losses', async () => {
    const { batchSize, epochs, learningRate, accumBatchSize } = trace.config;
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
    model.setWeights([tf.transpose(tf.tensor2d(trace.init.weight)), tf.tensor1d(trace.init.bias)]);
    const run = train({
      model,
      optimizer: tf.train.sgd(learningRate),
      loss: 'meanSquaredError',
      metrics: ['mae'],
      data: { xs: tf.tensor2d(trace.train.x), ys: tf.tensor1d(trace.train.y), batchSize, shuffle: false },
      validation: { xs: tf.tensor2d(trace.valid.x), ys: tf.tensor1d(trace.valid.y) },
      epochs,
      accumulation: gradientAccumulation({ accumBatchSize, normalize: 'target', lastWindow: 'carry' }),
    });
    const events = collect(run);
    const weights: number[][] = [];
    run.events$.subscribe((event) => {
      if (event.type === 'accumulated-batch') weights.push(weightsOf(model));
    });
    const { history } = await run.done;

    const steps = ofType(events, 'accumulated-batch').map(({ microStep }) => microStep - 1);
    expect(steps).toEqual(trace.stepsAt);
    expect(largestError(weights.flat(), trace.weights.flat())).toBeLessThan(3e-6);
    const losses = ofType(events, 'micro-batch').map(({ loss }) => loss);
    expect(largestError(losses, trace.rawLoss)).toBeLessThan(3e-6);
    const valid = history.flatMap((epoch) => [epoch.valid!.loss!, epoch.valid!.mae!]);
    const expected = trace.validation.flatMap(({ valid_loss, mae }) => [valid_loss, mae]);
    expect(largestError(valid, expected)).toBeLessThan(3e-6);
  });
});
