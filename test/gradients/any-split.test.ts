import { gradientAccumulation } from '@microbatch/core';
import { type LabelledBatch, train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cut, fullBatch, variablesOf } from '../../packages/tfjs/test/full-batch.js';
import { NotingOptimizer } from '../../packages/tfjs/test/noting-optimizer.js';
import { labelled, relativeError } from './labelled.js';

const TOLERANCE = 1e-6;

beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });

const models: Record<string, { shape: number[]; layers: () => tf.layers.Layer[] }> = {
  'a deep perceptron': {
    shape: [6],
    layers: () => [
      tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [6], kernelInitializer: seeded(1) }),
      tf.layers.dense({ units: 5, activation: 'relu', kernelInitializer: seeded(2) }),
    ],
  },
  'a convolution': {
    shape: [5, 5, 2],
    layers: () => [
      tf.layers.conv2d({
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [5, 5, 2],
        kernelInitializer: seeded(3),
      }),
      tf.layers.maxPooling2d({ poolSize: 3 }),
      tf.layers.flatten(),
    ],
  },
  'layer normalization and a penalty on the weights': {
    shape: [6],
    layers: () => [
      tf.layers.dense({
        units: 8,
        inputShape: [6],
        kernelInitializer: seeded(4),
        kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }),
      }),
      tf.layers.layerNormalization(),
    ],
  },
};

function classifier(name: string): tf.Sequential {
  const output = tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seeded(9) });
  return tf.sequential({ layers: [...models[name]!.layers(), output] });
}

/** The mean cross-entropy over all samples at once, with the model's penalties. */
function fullBatchLoss(model: tf.LayersModel, { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor }): tf.Tensor {
  const loss: tf.Tensor = tf.losses.softmaxCrossEntropy(ys, tf.log(model.apply(xs) as tf.Tensor));
  return model.calculateLosses().reduce((sum, penalty) => tf.add(sum, penalty), loss);
}

const sizes = fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 10 });
const even = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }));
const splits = fc.oneof(
  sizes,
  even.map(([size, count]) => Array.from({ length: count }, () => size)),
);

it.each(Object.keys(models))('any split of a batch has its gradient: %s', async (name) => {
  const model = classifier(name);
  const property = fc.asyncProperty(splits, fc.nat(1000), async (split, seed) => {
    const total = split.reduce((sum, size) => sum + size, 0);
    const data = labelled(total, models[name]!.shape, seed);
    const optimizer = new NotingOptimizer();
    await train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: cut(data, split),
      accumulation: gradientAccumulation({ accumBatchSize: total, microBatchSize: 1 }),
    }).done;
    expect(optimizer.noted).toHaveLength(1);
    const { gradient: expected } = fullBatch(() => fullBatchLoss(model, data), variablesOf(model));
    expect(relativeError(optimizer.noted[0]!, expected)).toBeLessThanOrEqual(TOLERANCE);
  });
  await fc.assert(property, { numRuns: 25 });
});

it('windows of any batches, over epochs and with a last one that is flushed, have the gradients of their samples', async () => {
  const model = classifier('a deep perceptron');
  const property = fc.asyncProperty(sizes, fc.integer({ min: 1, max: 40 }), async (split, accumBatchSize) => {
    const optimizer = new NotingOptimizer();
    const batches = cut(
      labelled(
        split.reduce((sum, size) => sum + size, 0),
        [6],
        5,
      ),
      split,
    );
    const run = train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: batches,
      epochs: 2,
      accumulation: gradientAccumulation({ accumBatchSize, microBatchSize: 1, lastWindow: 'flush' }),
    });
    const windows: number[][] = [];
    run.events$.subscribe((event) => {
      if (event.type === 'accumulated-batch') windows.push(event.microBatches.map(({ microStep }) => microStep - 1));
    });
    await run.done;
    expect(optimizer.noted).toHaveLength(windows.length);
    expect(windows.flat()).toHaveLength(2 * split.length);
    for (const [at, window] of windows.entries()) {
      const used = window.map((microBatch) => batches[microBatch % split.length]!);
      const whole = { xs: tf.concat(used.map(({ xs }) => xs)), ys: tf.concat(used.map(({ ys }) => ys)) };
      const { gradient: expected } = fullBatch(() => fullBatchLoss(model, whole), variablesOf(model));
      expect(relativeError(optimizer.noted[at]!, expected)).toBeLessThanOrEqual(TOLERANCE);
    }
  });
  await fc.assert(property, { numRuns: 25 });
});

it('any split of samples of any weights has the gradient of their weighted mean', async () => {
  const kernel = tf.variable(tf.randomNormal([6, 3], 0, 1, 'float32', 8));
  const weightedLoss = ({ xs, ys }: LabelledBatch) => {
    const { targets, weights } = ys as { targets: tf.Tensor; weights: tf.Tensor };
    const logits = tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D);
    const losses = tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1));
    return tf.div(tf.sum(tf.mul(losses, weights)), tf.sum(weights));
  };
  const samples = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 60 });
  const property = fc.asyncProperty(
    samples,
    fc.infiniteStream(fc.integer({ min: 1, max: 15 })),
    async (given, stream) => {
      const { xs, ys: targets } = labelled(given.length, [6], given.length);
      const weights = tf.tensor1d(given);
      const split: number[] = [];
      for (let left = given.length; left > 0; left -= split.at(-1)!)
        split.push(Math.min(left, stream.next().value as number));
      const parts = [xs, targets, weights].map((tensor) => tf.split(tensor, split));
      const optimizer = new NotingOptimizer();
      await train<LabelledBatch>({
        model: { variables: [kernel], loss: weightedLoss },
        optimizer,
        data: split.map((_, at) => ({ xs: parts[0]![at]!, ys: { targets: parts[1]![at]!, weights: parts[2]![at]! } })),
        weight: ({ ys }) => (ys as { weights: tf.Tensor }).weights.sum().dataSync()[0]!,
        accumulation: gradientAccumulation({ accumBatchSize: given.length, microBatchSize: 1 }),
      }).done;
      const { gradient: expected } = fullBatch(() => weightedLoss({ xs, ys: { targets, weights } }), [kernel]);
      expect(relativeError(optimizer.noted[0]!, expected)).toBeLessThanOrEqual(TOLERANCE);
    },
  );
  await fc.assert(property, { numRuns: 25 });
});
