import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, largestError, ofType, relativeError, weightsOf } from './fixtures.js';
import { cut, NotingOptimizer } from './noting-optimizer.js';
import { registerStallingBackend } from './stalling-backend.js';

const oneWindow = (samples: number) => gradientAccumulation({ accumBatchSize: samples });

/** A prediction that is its input, times a variable that is 1: the loss of a sample can be chosen. */
function identity(): tf.Sequential {
  const layers = [tf.layers.dense({ units: 1, inputShape: [1], useBias: false, kernelInitializer: 'ones' })];
  return tf.sequential({ layers });
}

/** Samples whose mean absolute errors are these. */
function errors(...values: number[]): LabelledBatch {
  return { xs: tf.tensor1d(values), ys: tf.zeros([values.length]) };
}

const options = (): TrainOptions => ({
  model: identity(),
  optimizer: tf.train.sgd(0),
  loss: 'meanAbsoluteError',
  data: [errors(1)],
  accumulation: oneWindow(4),
});

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

  const weighted = (sampleWeights: unknown) => ({ data: { ...errors(1, 2), sampleWeights, batchSize: 1 } });
  it.each<[string, () => object, string]>([
    ['weights that are no tensor', () => weighted([1, 2]), 'data: sampleWeights must be a tensor of a weight for each'],
    [
      'too few weights',
      () => weighted(tf.ones([1])),
      'data: sampleWeights must have the shape [2] or [2, time], not [1]',
    ],
    ['a weight', () => weighted(tf.scalar(1)), 'data: sampleWeights must have the shape [2] or [2, time], not []'],
    [
      'weights of timesteps that there are not',
      () => weighted(tf.ones([2, 1])),
      'data: sampleWeights, for the loss, must have the shape [any], not [2, 1]',
    ],
    ['a negative weight', () => weighted(tf.tensor1d([1, -1])), 'finite and not negative; number 1 of them is -1'],
    ['a weight of NaN', () => weighted(tf.tensor1d([Number.NaN, 1])), 'not negative; number 0 of them is NaN'],
    ['weights that are all 0', () => weighted(tf.zeros([2])), 'data: sampleWeights are 0 for every sample'],
    ['the name of fit', () => ({ data: { ...errors(1), sampleWeight: 1 } }), 'data: unknown option sampleWeight (1)'],
    [
      'weights of batches beside a weight',
      () => ({ ...weighted(tf.ones([2])), weight: () => 1 }),
      'weight and data.sampleWeights both say what a batch counts for',
    ],
    [
      'class weights beside a weight',
      () => ({ classWeight: { 0: 1 }, weight: () => 1 }),
      'weight and classWeight both',
    ],
    [
      "weights under normalize 'target'",
      () => ({ classWeight: { 0: 2 }, accumulation: gradientAccumulation({ accumBatchSize: 4, normalize: 'target' }) }),
      "classWeight can't go with normalize 'target'",
    ],
    [
      'weights in memory that a custom model may not know of',
      () => ({
        ...weighted(tf.ones([2])),
        loss: undefined,
        model: { variables: [tf.variable(tf.scalar(1))], loss: () => tf.scalar(1) },
      }),
      'data.sampleWeights: a custom model averages by them itself; say what they come to with weight(batch)',
    ],
    [
      'class weights of a custom model',
      () => ({
        classWeight: { 0: 1 },
        loss: undefined,
        model: { variables: [tf.variable(tf.scalar(1))], loss: () => tf.scalar(1) },
      }),
      'classWeight is for a layers model',
    ],
    ['class weights as an array', () => ({ classWeight: [1, 2] }), 'classWeight must be an object of weights by class'],
    ['no class weights', () => ({ classWeight: {} }), 'classWeight must be an object of weights by class'],
    ['a class by name', () => ({ classWeight: { cat: 2 } }), 'classWeight must be by index of the class, not by "cat"'],
    ['a class weight as text', () => ({ classWeight: { 0: '2' } }), 'classWeight[0] must be a number, not "2"'],
    ['a negative class weight', () => ({ classWeight: { 0: -1 } }), 'classWeight[0] must be finite and at least 0'],
    [
      'a class that the model has not',
      () => ({ model: classifier(), data: [classes(4)], classWeight: { 3: 1 } }),
      "classWeight names the class 3, but the model's output has 3 classes",
    ],
    [
      'class weights of several outputs',
      () => {
        const input = tf.input({ shape: [1] });
        const outputs = ['a', 'b'].map((name) =>
          tf.layers.dense({ units: 1, name: `${name}-${backend}` }).apply(input),
        );
        return { model: tf.model({ inputs: input, outputs: outputs as never }), classWeight: { 0: 1 } };
      },
      `classWeight is for a model with one output, not for a-${backend}, b-${backend}`,
    ],
  ])('refuses %s, before any work', (_, wrong, message) => {
    expect(() => train({ ...options(), ...wrong() } as TrainOptions)).toThrow(message);
  });

  const streamed = (...batches: object[]) => ({ data: () => batches as never, microBatchSize: 2 });
  it.each<[string, () => object, string]>([
    [
      'at a batch whose weights are negative in all',
      () => streamed({ ...errors(1, 2), sampleWeights: tf.tensor1d([1, -2]) }),
      'data: sampleWeights must be finite and not negative; number 1 of them is -2',
    ],
    [
      'at a batch with a weight of NaN',
      () => streamed({ ...errors(1, 2), sampleWeights: tf.tensor1d([1, Number.NaN]) }),
      'data: sampleWeights must be finite and not negative; number 1 of them is NaN',
    ],
    [
      'at a batch with too many weights',
      () => streamed({ ...errors(1, 2), sampleWeights: tf.ones([3]) }),
      'data: sampleWeights must have the shape [2] or [2, time], not [3]',
    ],
    [
      'at weights by the name that fit has for them',
      () => streamed({ ...errors(1, 2), sampleWeight: tf.ones([2]) }),
      'data: sampleWeight is not known; it is called sampleWeights',
    ],
    [
      'at a batch that weighs itself beside a weight',
      () => ({ ...streamed({ ...errors(1, 2), sampleWeights: tf.ones([2]) }), weight: () => 1 }),
      'weight and sampleWeights both say what a batch counts for',
    ],
    [
      "at weights under normalize 'target'",
      () => ({
        ...streamed({ ...errors(1, 2), sampleWeights: tf.tensor1d([1, 2]) }),
        accumulation: gradientAccumulation({ accumBatchSize: 4, normalize: 'target' }),
      }),
      "weight: 3 for 2 samples, but normalize 'target' divides by samples",
    ],
    [
      'at a loss of one value for samples that weigh differently',
      () => ({
        ...streamed({ ...errors(1, 2), sampleWeights: tf.ones([2]) }),
        loss: (_: tf.Tensor, yPred: tf.Tensor) => tf.mean(yPred),
      }),
      'loss must return a value for each weight, of the shape [2], not a tensor of shape []',
    ],
    [
      'at a weight that is no number',
      () => ({ weight: () => 'two' }),
      'weight must be a number or a scalar tensor, not "two"',
    ],
    ['at a weight of several values', () => ({ weight: () => tf.ones([2]) }), 'not a tensor of 2 values'],
    ['at a weight that is a promise', () => ({ weight: async () => 2 }), 'weight must be a number or a scalar tensor'],
    [
      'at a full window that weighs nothing',
      () =>
        streamed({ ...errors(1, 2), sampleWeights: tf.zeros([2]) }, { ...errors(1, 2), sampleWeights: tf.zeros([2]) }),
      'weight: the micro-batches of the window that ends with microStep 2 weigh 0 in all',
    ],
    [
      'at a flushed window that weighs nothing',
      () => ({
        ...streamed({ ...errors(1, 2), sampleWeights: tf.zeros([2]) }),
        accumulation: gradientAccumulation({ accumBatchSize: 4, lastWindow: 'flush' }),
      }),
      'weigh 0 in all',
    ],
    [
      'at validation that weighs nothing',
      () => ({ validation: [{ ...errors(1, 2), sampleWeights: tf.zeros([2]) }] }),
      'validation yielded nothing to average in epoch 1',
    ],
  ])('a run fails %s, and holds no tensor', async (_, wrong, message) => {
    const given = { ...options(), ...wrong() } as TrainOptions;
    const before = tf.memory().numTensors;
    const run = train(given);
    const events = collect(run);
    await expect(run.done).rejects.toThrow(message);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed' });
    expect(tf.memory().numTensors).toBe(before);
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
