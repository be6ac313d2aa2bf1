import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { collect, ofType, relativeError } from './fixtures.js';
import { cut, fullBatch, variablesOf } from './full-batch.js';
import { NotingOptimizer } from './noting-optimizer.js';

/** The samples of one window, and how they are cut into micro-batches. */
interface Split {
  readonly sizes: readonly number[];
  readonly total: number;
  /** The window's target: it overshoots by less than its last micro-batch. */
  readonly target: number;
  readonly seed: number;
  /** What each sample weighs: often nothing, and so do whole micro-batches. */
  readonly weights: readonly number[];
}

const splits: fc.Arbitrary<Split> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
    seed: fc.nat(1000),
    overshoot: fc.nat(8),
    empty: fc.infiniteStream(fc.constantFrom(false, false, true)),
    weight: fc.infiniteStream(fc.constantFrom(0, 0, 0.25, 1, 3)),
    anchor: fc.nat(71),
  })
  .map(({ sizes, seed, overshoot, empty, weight, anchor }) => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const weights = sizes.flatMap((size) => {
      const none = empty.next().value;
      return Array.from({ length: size }, () => (none ? 0 : (weight.next().value as number)));
    });
    // A window that weighs nothing at all has no step.
    weights[anchor % total] = 2;
    return { sizes, total, target: total - Math.min(overshoot, sizes.at(-1)! - 1), seed, weights };
  });

const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
const l2 = () => tf.regularizers.l2({ l2: 0.05 });
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

function oneHot(shape: number[], classes: number, seed: number): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const labels = Array.from({ length: size }, (_, at) => (at * 7 + seed) % classes);
  return tf.oneHot(tf.tensor(labels, shape, 'int32'), classes).toFloat();
}

/** Σ weight·value / Σ weight, of values that have a weight each. */
const mean = (values: tf.Tensor, weights: tf.Tensor) => tf.div(tf.sum(tf.mul(values, weights)), tf.sum(weights));
const crossEntropy = (ys: tf.Tensor, predictions: tf.Tensor) => tf.neg(tf.sum(tf.mul(ys, tf.log(predictions)), -1));
const squaredError = (ys: tf.Tensor, predictions: tf.Tensor) => tf.mean(tf.squaredDifference(ys, predictions), -1);
/** 0.05·Σ kernel² of the kernels with a regularizer. */
const penalty = (...kernels: tf.Tensor[]) =>
  kernels.map((kernel) => tf.mul(tf.sum(tf.square(kernel)), 0.05)).reduce((sum, one) => tf.add(sum, one));

interface Case {
  readonly variables: readonly tf.Variable[];
  readonly options: Record<string, unknown>;
  /** Everything that is cut into micro-batches. */
  readonly data: Record<string, tf.Tensor | tf.Tensor[]>;
  /** The loss of all samples at once, penalties included, by its definition. */
  readonly loss: () => tf.Tensor;
}

function classifierCase({ total, seed, weights }: Split, given: { classes: boolean; samples: boolean }): Case {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 5,
        activation: 'tanh',
        inputShape: [6],
        kernelInitializer: seeded(1),
        kernelRegularizer: l2(),
      }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seeded(2) }),
    ],
  });
  const [xs, ys] = [random([total, 6], seed), oneHot([total], 3, seed)];
  const ofClass = tf.sum(tf.mul(ys, [0.3, 1, 4]), 1);
  const ofSample = given.samples ? tf.tensor1d([...weights]) : tf.ones([total]);
  const all = given.classes ? tf.mul(ofSample, ofClass) : ofSample;
  const variables = variablesOf(model);
  return {
    variables,
    options: {
      model,
      loss: 'categoricalCrossentropy',
      // Class 1 is not named: it weighs 1.
      ...(given.classes ? { classWeight: { 0: 0.3, 2: 4 } } : {}),
    },
    data: { xs, ys, ...(given.samples ? { sampleWeights: ofSample } : {}) },
    loss: () => tf.add(mean(crossEntropy(ys, model.apply(xs) as tf.Tensor), all), penalty(variables[0]!)),
  };
}

/** A weight for each timestep, with classes by index. */
function sequenceCase({ total, seed, weights }: Split): Case {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, activation: 'tanh', inputShape: [5, 2], kernelInitializer: seeded(3) }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seeded(4), kernelRegularizer: l2() }),
    ],
  });
  const [xs, hot] = [random([total, 5, 2], seed), oneHot([total, 5], 3, seed)];
  const sampleWeights = tf.tensor2d(weights.map((weight, at) => [0, 1, 2, 3, 4].map((t) => (at % 4 > t ? 0 : weight))));
  const all = tf.mul(sampleWeights, tf.sum(tf.mul(hot, [1, 2, 1]), 2));
  const variables = variablesOf(model);
  return {
    variables,
    options: { model, loss: 'sparseCategoricalCrossentropy', classWeight: { 1: 2 } },
    data: { xs, ys: tf.expandDims(tf.argMax(hot, 2), 2).toFloat(), sampleWeights },
    loss: () => tf.add(mean(crossEntropy(hot, model.apply(xs) as tf.Tensor), all), penalty(variables[2]!)),
  };
}

function severalOutputsCase({ total, seed, weights }: Split, weighted: boolean): Case {
  const input = tf.input({ shape: [6] });
  const dense = (units: number, activation: 'tanh' | 'softmax' | 'linear', from: tf.SymbolicTensor, init: number) =>
    tf.layers
      .dense({ units, activation, kernelInitializer: seeded(init), kernelRegularizer: l2() })
      .apply(from) as tf.SymbolicTensor;
  const hidden = dense(5, 'tanh', input, 5);
  const model = tf.model({ inputs: input, outputs: [dense(3, 'softmax', hidden, 6), dense(2, 'linear', hidden, 7)] });
  const [xs, labels, values] = [random([total, 6], seed), oneHot([total], 3, seed), random([total, 2], seed + 1)];
  const sampleWeights = tf.tensor1d([...weights]);
  const all = weighted ? sampleWeights : tf.ones([total]);
  const variables = variablesOf(model);
  return {
    variables,
    options: { model, loss: ['categoricalCrossentropy', 'meanSquaredError'], lossWeights: [1, 0.3] },
    data: { xs, ys: [labels, values], ...(weighted ? { sampleWeights } : {}) },
    loss() {
      const [first, second] = model.apply(xs) as tf.Tensor[];
      const losses = [
        mean(crossEntropy(labels, first!), all),
        tf.mul(mean(squaredError(values, second!), all), 0.3),
        penalty(variables[0]!, variables[2]!, variables[4]!),
      ];
      return losses.reduce((sum, one) => tf.add(sum, one));
    },
  };
}

/** A custom model that divides by its tokens: NaN for a micro-batch without any, as is its gradient. */
function tokensCase({ total, seed, weights }: Split, weight: (mask: tf.Tensor) => number | tf.Tensor): Case {
  const kernel = tf.variable(random([2, 3], 8));
  const [xs, ys] = [random([total, 4, 2], seed), oneHot([total, 4], 3, seed)];
  const mask = tf.tensor2d(weights.map((tokens) => [0, 1, 2, 3].map((t) => (t < tokens ? 1 : 0))));
  const loss = (batch: Record<string, tf.Tensor>) => {
    const logits = tf.reshape(tf.matMul(tf.reshape(batch.xs!, [-1, 2]), kernel as tf.Tensor2D), [-1, 4, 3]);
    return mean(tf.neg(tf.sum(tf.mul(batch.ys!, tf.logSoftmax(logits)), -1)), batch.mask!);
  };
  return {
    variables: [kernel],
    options: {
      model: { variables: [kernel], loss: (batch: never) => loss(batch) },
      weight: (batch: { mask: tf.Tensor }) => weight(batch.mask),
    },
    data: { xs, ys, mask },
    loss: () => loss({ xs, ys, mask }),
  };
}

const cases: Record<string, (split: Split) => Case> = {
  'class weights': (split) => classifierCase(split, { classes: true, samples: false }),
  'sample weights, of which many are 0': (split) => classifierCase(split, { classes: false, samples: true }),
  'sample weights times class weights': (split) => classifierCase(split, { classes: true, samples: true }),
  'a weight for each timestep': sequenceCase,
  'several outputs': (split) => severalOutputsCase(split, false),
  'several outputs of weighted samples': (split) => severalOutputsCase(split, true),
  'tokens that a number counts': (split) => tokensCase(split, (mask) => mask.sum().dataSync()[0]!),
  'tokens that a tensor counts': (split) => tokensCase(split, (mask) => tf.sum(mask)),
};

onEachBackend((backend) => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it.each(Object.keys(cases))(
    'any split of a window has the loss and the step of all its samples: %s',
    async (name) => {
      const property = fc.asyncProperty(splits, async (split) => {
        const { variables, options, data, loss } = cases[name]!(split);
        const optimizer = new NotingOptimizer();
        const run = train<LabelledBatch>({
          ...options,
          optimizer,
          data: cut(data, split.sizes) as unknown as LabelledBatch[],
          accumulation: gradientAccumulation({ accumBatchSize: split.target, microBatchSize: 1 }),
        } as unknown as TrainOptions<LabelledBatch>);
        const events = collect(run);
        await run.done;
        const expected = fullBatch(loss, variables);
        expect(optimizer.noted).toHaveLength(1);
        expect(relativeError(optimizer.noted[0]!, expected.gradient)).toBeLessThanOrEqual(tolerance);
        const [step] = ofType(events, 'accumulated-batch');
        expect(relativeError([step!.loss], [expected.loss])).toBeLessThanOrEqual(tolerance);
        expect(step!.microBatches).toHaveLength(split.sizes.length);
      });
      await fc.assert(property, { numRuns: 25 });
    },
  );
});
