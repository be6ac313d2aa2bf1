import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train, type WeightDecay } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, relativeError } from './fixtures.js';

const [FEATURES, SAMPLES, STEPS] = [3, 24, 8];
const start = { kernel: [0.5, -1.5, 2], bias: [0.75], unused: [4] };
const inputs = Array.from({ length: SAMPLES }, (_, row) =>
  Array.from({ length: FEATURES }, (_, column) => Math.sin(1 + 3 * row + 7 * column)),
);
const targets = inputs.map((row, index) => row.reduce((sum, value) => sum + value, 0) + 0.1 * Math.cos(index));
const rateAt = (step: number) => 0.1 / (1 + step);

type Weights = Readonly<Record<keyof typeof start, readonly number[]>>;
/** The change, without decay, that an optimizer makes of a gradient; `key` tells the elements apart. */
type Update = (key: string, gradient: number, step: number, rate: number) => number;

const sgd: Update = (_key, gradient, _step, rate) => -rate * gradient;

/** Kingma & Ba 2015, alg. 1, with tfjs's defaults. */
function adam(): Update {
  const [first, second]: [Record<string, number>, Record<string, number>] = [{}, {}];
  return (key, gradient, step, rate) => {
    first[key] = 0.9 * (first[key] ?? 0) + 0.1 * gradient;
    second[key] = 0.999 * (second[key] ?? 0) + 0.001 * gradient ** 2;
    const mean = first[key] / (1 - 0.9 ** (step + 1));
    return (-rate * mean) / (Math.sqrt(second[key] / (1 - 0.999 ** (step + 1))) + 1e-7);
  };
}

/** Full batches of linear regression in float64, each step of which decays what `decayed` names. */
function inFloat64(update: Update, decay: number, decayed: readonly string[]): Weights {
  let weights: Weights = start;
  for (let step = 0; step < STEPS; step++) {
    const rate = rateAt(step);
    const gradient = { kernel: [0, 0, 0], bias: [0] };
    inputs.forEach((row, index) => {
      const error =
        row.reduce((sum, value, at) => sum + value * weights.kernel[at]!, weights.bias[0]!) - targets[index]!;
      row.forEach((value, at) => {
        gradient.kernel[at]! += (2 * error * value) / SAMPLES;
      });
      gradient.bias[0]! += (2 * error) / SAMPLES;
    });
    const stepped = (name: 'kernel' | 'bias') =>
      weights[name].map((weight, at) => {
        const kept = decayed.includes(name) ? weight * (1 - rate * decay) : weight;
        return kept + update(`${name}${at}`, gradient[name][at]!, step, rate);
      });
    weights = { kernel: stepped('kernel'), bias: stepped('bias'), unused: weights.unused };
  }
  return weights;
}

/** The same by `train`, each epoch a window of three micro-batches. */
async function trained(optimizer: tf.Optimizer, weightDecay?: WeightDecay): Promise<Weights> {
  const variables = Object.entries(start).map(([name, values]) => tf.variable(tf.tensor1d(values), true, name));
  const [kernel, bias] = variables as [tf.Variable, tf.Variable];
  try {
    await train<LabelledBatch>({
      model: {
        variables,
        loss: ({ xs, ys }) =>
          tf.mean(tf.square(tf.sub(tf.add(tf.dot(xs as tf.Tensor2D, kernel), bias), ys as tf.Tensor))),
      },
      optimizer,
      data: { xs: tf.tensor2d(inputs), ys: tf.tensor1d(targets), batchSize: 8, seed: 1 },
      epochs: STEPS,
      accumulation: gradientAccumulation({ accumBatchSize: SAMPLES }),
      learningRate: { by: 'step', rate: rateAt },
      ...(weightDecay === undefined ? {} : { weightDecay }),
    }).done;
    return Object.fromEntries(variables.map((variable) => [variable.name, [...variable.dataSync()]])) as never;
  } finally {
    tf.dispose(variables);
  }
}

const flat = ({ kernel, bias, unused }: Weights) => [...kernel, ...bias, ...unused];

onEachBackend(() => {
  it.each<[string, () => tf.Optimizer, () => Update]>([
    ['SGDW', () => tf.train.sgd(1), () => sgd],
    ['AdamW', () => tf.train.adam(1), adam],
  ])(
    '%s with a scheduled rate is that of float64, once a window, whatever is excluded',
    async (_, optimizer, update) => {
      const all = ['kernel', 'bias'];
      const plain = flat(inFloat64(update(), 0, []));
      expect(relativeError(flat(await trained(optimizer())), plain)).toBeLessThan(1e-6);
      for (const [decay, decayed, given] of [
        [0.3, all, 0.3],
        [0.3, ['kernel'], { rate: 0.3, exclude: (name: string) => name === 'bias' }],
        [0, all, { rate: 0 }],
      ] as const) {
        const expected = flat(inFloat64(update(), decay, decayed));
        expect(relativeError(flat(await trained(optimizer(), given)), expected)).toBeLessThan(1e-6);
        if (decay > 0) expect(relativeError(plain, expected)).toBeGreaterThan(1e-2);
      }
    },
  );

  it('leaves a variable alone that the step has no gradient for', async () => {
    expect((await trained(tf.train.sgd(1), 0.3)).unused).toEqual(start.unused);
  });

  it('keeps the digits of a small share of learning rate times decay', async () => {
    const values = Array.from({ length: 10_000 }, (_, index) => Math.fround(0.5 + index / 10_000));
    const variable = tf.variable(tf.tensor1d(values));
    await train({
      // The loss depends on the variable; its gradient is 0.
      model: { variables: [variable], loss: () => tf.mul(tf.sum(variable), 0) },
      optimizer: tf.train.sgd(1e-3),
      data: { ...classes(1), batchSize: 1 },
      accumulation: gradientAccumulation({ accumBatchSize: 1 }),
      weightDecay: 3e-3,
    }).done;
    const sum = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((total, value) => total + value, 0);
    // A factor of 1 - 3e-6 has too few digits in float32: it would take 0.66 % less than that from every weight.
    expect((sum(values) - sum(variable.dataSync())) / (3e-6 * sum(values))).toBeCloseTo(1, 3);
    variable.dispose();
  });

  it('holds no tensor', async () => {
    const given = options({ weightDecay: 0.1 });
    const before = tf.memory().numTensors;
    await train(given).done;
    expect(tf.memory().numTensors).toBe(before);
  });
});

const options = (given: Partial<TrainOptions>): TrainOptions =>
  ({
    model: classifier(),
    optimizer: tf.train.sgd(0.1),
    loss: 'categoricalCrossentropy',
    data: { ...classes(24), batchSize: 4 },
    accumulation: gradientAccumulation({ accumBatchSize: 8 }),
    ...given,
  }) as TrainOptions;

it('decays by the rate that the user gives the optimizer between steps', async () => {
  const variable = tf.variable(tf.scalar(1));
  const optimizer = tf.train.sgd(0.5);
  const run = train({
    model: { variables: [variable], loss: () => tf.mul(variable, 0) },
    optimizer,
    data: { ...classes(2), batchSize: 1 },
    accumulation: gradientAccumulation({ accumBatchSize: 1 }),
    weightDecay: 0.5,
  });
  const events = collect(run);
  run.events$.subscribe(({ type }) => {
    if (type === 'accumulated-batch') (optimizer as tf.SGDOptimizer).setLearningRate(1);
  });
  await run.done;
  expect(variable.dataSync()[0]).toBe(0.75 * 0.5);
  expect(ofType(events, 'accumulated-batch').map(({ learningRate }) => learningRate)).toEqual([0.5, 1]);
  variable.dispose();
});

describe('weightDecay refuses, before any work', () => {
  it.each<[string, unknown, typeof RangeError | typeof TypeError, string]>([
    ['a negative rate', -1, RangeError, 'weightDecay must be finite and at least 0, not -1'],
    ['NaN', Number.NaN, RangeError, 'weightDecay must be finite and at least 0, not NaN'],
    [
      'infinity',
      { rate: Number.POSITIVE_INFINITY },
      RangeError,
      'weightDecay.rate must be finite and at least 0, not Infinity',
    ],
    ['text', '0.1', TypeError, 'weightDecay must be a number or { rate, exclude }, not "0.1"'],
    ['null', null, TypeError, 'weightDecay must be a number or { rate, exclude }, not null'],
    ['no rate', {}, TypeError, 'weightDecay.rate must be a number, not undefined'],
    ['a misspelt key', { rate: 1, excludes: ['bias'] }, TypeError, 'weightDecay: unknown option excludes'],
    [
      'names to exclude',
      { rate: 1, exclude: ['bias'] },
      TypeError,
      'weightDecay.exclude must be a function, not an array of 1',
    ],
    [
      'an answer that is none',
      { rate: 1, exclude: () => 1 },
      TypeError,
      /weightDecay.exclude\("dense_Dense\d+\/kernel"\) must be true or false, not 1/ as never,
    ],
  ])('%s', (_, weightDecay, error, message) => {
    const attempt = () => train(options({ weightDecay } as Partial<TrainOptions>));
    expect(attempt).toThrow(error);
    expect(attempt).toThrow(message);
  });

  it('an optimizer that has no learning rate', () => {
    const optimizer = tf.train.adam(1);
    Object.assign(optimizer, { learningRate: undefined });
    expect(() => train(options({ optimizer, weightDecay: 0.1 }))).toThrow(
      'weightDecay is 0.1, but the optimizer (Adam) has no number learningRate',
    );
  });
});
