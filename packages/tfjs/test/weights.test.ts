import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, largestError, ofType, relativeError, weightsOf } from './fixtures.js';
import { cut } from './full-batch.js';
import { NotingOptimizer } from './noting-optimizer.js';
import { registerStallingBackend } from './stalling-backend.js';
import { errors, oneWindow, options } from './weighted-fixtures.js';

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it('divides by the weights where model.fit divides by the samples: its steps are ours times their mean weight', async () => {
    const [model, fitted] = [classifier(), classifier()];
    const data = classes(24);
    const classWeight = { 0: 0.5, 1: 1, 2: 3 };
    // Classes follow each other: each window of 12 has 4 of each.
    const meanWeight = (0.5 + 1 + 3) / 3;
    fitted.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
    await fitted.fit(data.xs, data.ys, { batchSize: 12, classWeight, shuffle: false, verbose: 0 });
    await train({
      model,
      optimizer: tf.train.sgd(0.1 * meanWeight),
      loss: 'categoricalCrossentropy',
      classWeight,
      data: { ...data, batchSize: 3, shuffle: false },
      accumulation: gradientAccumulation({ accumBatchSize: 12 }),
    }).done;
    expect(relativeError(weightsOf(model), weightsOf(fitted))).toBeLessThan(tolerance);
  });

  it('tells the loss and the metrics that the weights make, of each micro-batch and of the window', async () => {
    const run = train({
      ...options(),
      metrics: ['meanSquaredError'],
      data: [
        { ...errors(1, 3), sampleWeights: tf.tensor1d([3, 1]) },
        { ...errors(5, 7), sampleWeights: tf.tensor1d([0, 4]) },
      ],
    });
    const events = collect(run);
    const { history } = await run.done;
    expect(ofType(events, 'micro-batch')).toMatchObject([
      { loss: 1.5, weight: 4, batchSamples: 2, metrics: { meanSquaredError: 3 } },
      { loss: 7, weight: 4, batchSamples: 2, metrics: { meanSquaredError: 49 } },
    ]);
    expect(ofType(events, 'accumulated-batch')).toMatchObject([
      { loss: 4.25, normalizer: 8, windowSamples: 4, metrics: { meanSquaredError: 26 } },
    ]);
    // An epoch's means are by samples, of what each micro-batch told.
    expect(history[0]!.train).toEqual({ loss: 4.25, meanSquaredError: 26 });
  });

  it('closes windows by samples, whatever they weigh', async () => {
    const sampleWeights = tf.tensor1d([100, 100, 0.5, 0.5, 1, 1, 1, 1]);
    const run = train({ ...options(), data: { ...errors(1, 2, 3, 4, 5, 6, 7, 8), sampleWeights, batchSize: 2 } });
    const events = collect(run);
    await run.done;
    expect(ofType(events, 'accumulated-batch').map(({ windowSamples }) => windowSamples)).toEqual([4, 4]);
  });

  it('cuts and shuffles sample weights in memory with their samples', async () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const run = train({
      ...options(),
      data: { ...errors(...values), sampleWeights: tf.tensor1d(values), batchSize: 1, seed: 5 },
      accumulation: oneWindow(8),
    });
    const events = collect(run);
    await run.done;
    for (const { loss, weight } of ofType(events, 'micro-batch')) expect(weight).toBeCloseTo(loss, 5);
  });

  it('reads weights of integers and booleans, and from a data set', async () => {
    const rows = [1, 2, 3, 4].map((value) => ({ xs: [value], ys: [0], sampleWeights: value > 2 ? 1 : 0 }));
    const masks = [tf.tensor1d([0, 0, 1, 1], 'int32'), tf.tensor1d([false, false, true, true], 'bool')];
    const all: TrainOptions['data'][] = masks.map((sampleWeights) => [{ ...errors(1, 2, 3, 4), sampleWeights }]);
    for (const data of [...all, tf.data.array(rows).batch(4)]) {
      const run = train({ ...options(), data, microBatchSize: 4 });
      expect((await run.done).history[0]!.train.loss).toBeCloseTo(3.5, 6);
    }
  });

  it('counts classes by index, by the largest of several entries, and as 1 where they are not named', async () => {
    const sigmoid = {
      ...options(),
      loss: (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.sum(tf.abs(tf.sub(yPred, yTrue)), 1),
    };
    const data = [{ xs: tf.tensor1d([1, 2, 3, 4]), ys: tf.tensor1d([0, 1, 7, -3]) }];
    const run = train({ ...sigmoid, classWeight: { 1: 10 }, data });
    // Errors 1, 1, 4 and 7; class 1 weighs 10, the others, whatever they are, 1.
    expect((await run.done).history[0]!.train.loss).toBeCloseTo((1 + 10 + 4 + 7) / 13, 6);
  });

  it('averages metrics without a value for each sample as they are', async () => {
    const run = train({
      ...options(),
      metrics: [
        function largest(_: tf.Tensor, yPred: tf.Tensor) {
          return tf.max(yPred);
        },
      ],
      data: [{ ...errors(1, 9), sampleWeights: tf.tensor1d([1, 0]) }],
      accumulation: oneWindow(2),
    });
    expect((await run.done).history[0]!.train).toEqual({ loss: 1, largest: 9 });
  });

  it('validates by sample weights, whatever the batches, and without class weights', async () => {
    const validation = { ...errors(1, 2, 3, 4, 5), sampleWeights: tf.tensor1d([1, 0, 0, 5, 2]) };
    for (const given of [
      { ...validation, batchSize: 5 },
      { ...validation, batchSize: 2 },
      cut(validation as never, [1, 2, 2]) as LabelledBatch[],
    ]) {
      const run = train({ ...options(), classWeight: { 0: 7 }, metrics: ['mse'], validation: given });
      const { loss, mse } = (await run.done).history[0]!.valid!;
      expect(loss).toBeCloseTo((1 + 20 + 10) / 8, 6);
      expect(mse).toBeCloseTo((1 + 80 + 50) / 8, 5);
    }
  });

  it('leaves a micro-batch that weighs nothing out of every mean, and does not compute it', async () => {
    const variable = tf.variable(tf.scalar(1));
    let computed = 0;
    const run = train<LabelledBatch>({
      model: {
        variables: [variable],
        loss(batch) {
          computed += 1;
          return tf.mul(variable, tf.mean(batch.xs as tf.Tensor));
        },
        metrics: () => ({ one: tf.scalar(1) }),
      },
      optimizer: tf.train.sgd(0),
      weight: (batch) => ((batch.xs as tf.Tensor).size === 1 ? 0 : 2),
      data: [errors(2, 2), errors(100), errors(4, 4)],
      microBatchSize: 1,
      accumulation: oneWindow(5),
    });
    const events = collect(run);
    const { history } = await run.done;
    expect(computed).toBe(2);
    expect(ofType(events, 'micro-batch').map(({ loss, weight }) => [loss, weight])).toEqual([
      [2, 2],
      [0, 0],
      [4, 2],
    ]);
    expect(ofType(events, 'accumulated-batch')).toMatchObject([{ loss: 3, normalizer: 4, metrics: { one: 1 } }]);
    expect(history[0]!.train).toEqual({ loss: 3, one: 1 });
    expect(ofType(events, 'diagnostic')).toEqual([]);
  });

  it('averages by the weights of the rest where a micro-batch is skipped', async () => {
    const run = train({
      ...options(),
      nonFinite: 'skip',
      data: [
        { ...errors(1, 3), sampleWeights: tf.tensor1d([3, 1]) },
        { ...errors(Number.NaN, 1), sampleWeights: tf.tensor1d([5, 5]) },
        { ...errors(5, 7), sampleWeights: tf.tensor1d([0, 2]) },
      ],
      accumulation: oneWindow(6),
    });
    const events = collect(run);
    await run.done;
    expect(ofType(events, 'micro-batch').map(({ weight }) => weight)).toEqual([4, 0, 2]);
    const [step] = ofType(events, 'accumulated-batch');
    expect(step!.normalizer).toBe(6);
    expect(step!.loss).toBeCloseTo((3 * 1 + 1 * 3 + 2 * 7) / 6, 6);
  });

  it('hands sample weights in memory to a custom model, whose weight says what they come to', async () => {
    const variable = tf.variable(tf.scalar(1));
    const optimizer = new NotingOptimizer();
    const given = { ...errors(1, 2, 3, 4), sampleWeights: tf.tensor1d([1, 0, 0, 1]) };
    const before = tf.memory().numTensors;
    await train<LabelledBatch>({
      model: {
        variables: [variable],
        loss({ xs, sampleWeights }) {
          const weighted = tf.div(tf.sum(tf.mul(xs as tf.Tensor, sampleWeights!)), tf.sum(sampleWeights!));
          return tf.mul(variable, weighted);
        },
      },
      optimizer,
      weight: ({ sampleWeights }) => tf.sum(sampleWeights!),
      data: { ...given, batchSize: 1, shuffle: false },
      accumulation: oneWindow(4),
    }).done;
    expect(optimizer.noted).toEqual([[2.5]]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves a tensor that weight() takes from the batch to who made it', async () => {
    const variable = tf.variable(tf.scalar(1));
    const batches = [{ x: tf.tensor1d([1, 2]), tokens: tf.scalar(3) }];
    await train<(typeof batches)[0]>({
      model: { variables: [variable], loss: ({ x }) => tf.mul(variable, tf.mean(x)) },
      optimizer: tf.train.sgd(0),
      weight: ({ tokens }) => tokens,
      data: batches,
      epochs: 2,
      accumulation: oneWindow(2),
    }).done;
    expect(batches[0]!.tokens.isDisposed).toBe(false);
  });

  it('holds no tensor over windows of weighted samples', async () => {
    const { xs, ys } = classes(24);
    const given: TrainOptions = {
      model: classifier(),
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      classWeight: { 0: 0, 2: 2 },
      metrics: ['accuracy'],
      data: { xs, ys, sampleWeights: tf.tensor1d(Array.from({ length: 24 }, (_, at) => at % 4)), batchSize: 1 },
      validation: { xs, ys, sampleWeights: tf.ones([24]) },
      epochs: 3,
      accumulation: gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' }),
    };
    const before = tf.memory().numTensors;
    const run = train(given);
    const counts = new Set<number>();
    run.events$.subscribe(({ type }) => {
      if (type === 'accumulated-batch') counts.add(tf.memory().numTensors);
    });
    await run.done;
    expect(counts.size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('where reading stalls the device', () => {
  afterAll(() => tf.setBackend('cpu'));

  it('weights are read with the losses, once a window, and are the same', async () => {
    const tokens = async (backend: string) => {
      await tf.setBackend(backend);
      const kernel = tf.variable(tf.ones([2, 1]));
      const masks = [
        [1, 1],
        [0, 0],
        [0, 1],
      ].map((mask) => tf.tensor1d(mask));
      const optimizer = tf.train.sgd(0.1);
      const before = tf.memory().numTensors;
      const run = train<{ mask: tf.Tensor; xs: tf.Tensor }>({
        model: {
          variables: [kernel],
          // NaN for a batch without tokens, as is its gradient.
          loss: ({ xs, mask }) =>
            tf.div(tf.sum(tf.mul(tf.squeeze(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D)), mask)), tf.sum(mask)),
          metrics: ({ mask }) => ({ none: tf.div(tf.sum(mask), tf.sum(mask)) }),
        },
        optimizer,
        weight: ({ mask }) => tf.sum(mask),
        *data() {
          for (const [at, mask] of masks.entries())
            yield { xs: tf.tensor2d([at, 1, 2, at], [2, 2]), mask: mask.clone() };
        },
        disposeBatches: true,
        microBatchSize: 2,
        epochs: 2,
        accumulation: gradientAccumulation({ accumBatchSize: 6 }),
      });
      const events = collect(run);
      await run.done;
      expect(tf.memory().numTensors).toBe(before);
      const steps = ofType(events, 'accumulated-batch').map(({ loss, normalizer, microBatches }) => ({
        loss,
        normalizer,
        weights: microBatches.map(({ weight }) => weight),
      }));
      return { steps, kernel: [...(await kernel.data())] };
    };
    const expected = await tokens('cpu');
    expect(expected.steps.map(({ weights }) => weights)).toEqual([
      [2, 0, 1],
      [2, 0, 1],
    ]);
    let reads = 0;
    registerStallingBackend({ onRead: () => (reads += 1) });
    const stalled = await tokens('stalling');
    expect(stalled.steps).toEqual(expected.steps);
    expect(largestError(stalled.kernel, expected.kernel)).toBe(0);
    expect(reads).toBeGreaterThan(0);
  });
});
