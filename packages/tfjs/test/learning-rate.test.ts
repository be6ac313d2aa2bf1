import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LearningRate, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, weightsOf } from './fixtures.js';
import { noteGradients, optimizers } from './optimizers.js';

/** Three windows of two micro-batches an epoch. */
const options = (optimizer: tf.Optimizer, learningRate?: LearningRate): TrainOptions => ({
  model: classifier(),
  optimizer,
  loss: 'categoricalCrossentropy',
  data: { ...classes(24), batchSize: 4, seed: 1 },
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
  ...(learningRate === undefined ? {} : { learningRate }),
});

const variablesOf = (model: unknown) =>
  (model as tf.LayersModel).trainableWeights.map((weight) => weight.read() as tf.Variable);

/** A run's weights before its first step and after each, and what it told of its rates. */
async function followed(given: TrainOptions) {
  const model = given.model as tf.LayersModel;
  const weights = [weightsOf(model)];
  const run = train(given);
  const events = collect(run);
  run.events$.subscribe(({ type }) => {
    if (type === 'accumulated-batch') weights.push(weightsOf(model));
  });
  await run.done;
  return {
    weights,
    rates: ofType(events, 'accumulated-batch').map(({ learningRate }) => learningRate),
    microRates: ofType(events, 'micro-batch').map(({ learningRate }) => learningRate),
  };
}

function assignFlat(variables: readonly tf.Variable[], flat: readonly number[]): void {
  let from = 0;
  for (const variable of variables) {
    const values = flat.slice(from, from + variable.size);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    from += variable.size;
  }
}

/** The momentum of rmsprop sums what rates were applied to: no replay at one rate comes to its state. */
const withoutRatesInState: typeof optimizers = {
  rmsprop: (rate) => tf.train.rmsprop(rate),
  'rmsprop, centered': (rate) => tf.train.rmsprop(rate, 0.9, 0, 1e-20, true),
};

onEachBackend(() => {
  describe.each(Object.keys(optimizers))('the learning rate of %s', (name) => {
    const make = optimizers[name]!;

    it('given as a number makes the run of an optimizer that was made with it', async () => {
      const given = await followed({ ...options(make(0.9), 0.05), epochs: 2 });
      const made = await followed({ ...options(make(0.05)), epochs: 2 });
      expect(given).toEqual(made);
      expect(given.weights.flat().every(Number.isFinite)).toBe(true);
      expect(given.rates).toEqual([0.05, 0.05, 0.05, 0.05, 0.05, 0.05]);
    });

    it('given as a schedule makes each step that of an optimizer made with its rate', async () => {
      const scheduled = [0.03, 0, 0.2, 0.01];
      const atRate = withoutRatesInState[name] ?? make;
      const optimizer = atRate(0.9);
      const gradients = noteGradients(optimizer);
      const accumulation = gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' });
      const data = { ...classes(28), batchSize: 4, seed: 1 };
      const { weights, rates } = await followed({
        ...options(optimizer, { by: 'step', rate: (step) => scheduled[step]! }),
        accumulation,
        data,
      });
      expect(rates).toEqual(scheduled);
      scheduled.forEach((rate, step) => {
        const [alone, reference] = [atRate(rate), classifier()];
        const variables = variablesOf(reference);
        for (let replayed = 0; replayed <= step; replayed++) {
          assignFlat(variables, weights[replayed]!);
          const tensors = variables.map(({ name, shape }, position) => ({
            name,
            tensor: tf.tensor(gradients[replayed]![position]!.values as number[], shape),
          }));
          alone.applyGradients(tensors);
        }
        expect(weightsOf(reference)).toEqual(weights[step + 1]);
      });
    });

    it('holds no tensor while it changes', async () => {
      const optimizer = make(0.9);
      const given = { ...options(optimizer, { by: 'samples', rate: (samples) => 1 / (1 + samples) }), epochs: 4 };
      const counts = new Set<number>();
      const run = train(given);
      run.events$.subscribe(({ type }) => {
        if (type === 'accumulated-batch') counts.add(tf.memory().numTensors);
      });
      await run.done;
      expect(counts.size).toBe(1);
    });
  });
});

describe('a schedule', () => {
  const askedBy = async (by: 'step' | 'samples' | 'epoch', given: Partial<TrainOptions> = {}) => {
    const asked: number[] = [];
    const rate = (at: number) => {
      asked.push(at);
      return 1 / (1 + at);
    };
    const followedRun = await followed({
      ...options(tf.train.sgd(9), { by, rate }),
      ...given,
    } as TrainOptions);
    return { ...followedRun, asked };
  };

  it.each([
    ['step', [0, 1, 2]],
    ['samples', [0, 8, 16]],
    ['epoch', [0, 2 / 6, 4 / 6]],
  ] as const)('by %s is asked once a window, where the window begins, and 0 is the first', async (by, at) => {
    const { asked, rates, microRates } = await askedBy(by);
    expect(asked).toEqual(at);
    expect(rates).toEqual(at.map((where) => 1 / (1 + where)));
    expect(microRates).toEqual(rates.flatMap((rate) => [rate, rate]));
  });

  it('gives a window that is carried into the next epoch the rate of where it began', async () => {
    const accumulation = gradientAccumulation({ accumBatchSize: 16 });
    const { asked, microRates } = await askedBy('epoch', { accumulation, epochs: 2 });
    expect(asked).toEqual([0, 4 / 6, 8 / 6]);
    expect(microRates.slice(4, 9)).toEqual([4, 4, 4, 4, 8].map((at) => 1 / (1 + at / 6)));
  });

  it('by epoch counts whole epochs where their length is not known', async () => {
    const { xs, ys } = classes(8);
    const data = () => [{ xs, ys }].values();
    const { asked } = await askedBy('epoch', { data, microBatchSize: 8, epochs: 3 });
    expect(asked).toEqual([0, 1, 2]);
  });

  it.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'learningRate.rate(1), by step, must be finite and at least 0, not NaN'],
    ['a negative rate', -1, 'learningRate.rate(1), by step, must be finite and at least 0, not -1'],
    ['nothing', undefined, 'learningRate.rate(1), by step, must be a number, not undefined'],
  ])('that gives %s fails the run before that window, and holds no tensor', async (_, bad, message) => {
    const given = options(tf.train.sgd(1), { by: 'step', rate: (step) => (step === 1 ? (bad as number) : 0.1) });
    const before = tf.memory().numTensors;
    const run = train(given);
    const events = collect(run);
    await expect(run.done).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    expect(events.filter(({ type }) => type.endsWith('-batch')).map(({ type }) => type)).toEqual([
      'micro-batch',
      'micro-batch',
      'accumulated-batch',
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed' });
  });
});

describe('without the option', () => {
  it.each(Object.keys(optimizers))('the events tell the rate that the user gives %s between steps', async (name) => {
    const optimizer = optimizers[name]!(0.5) as unknown as {
      setLearningRate?(rate: number): void;
      learningRate: number;
    };
    const run = train(options(optimizer as unknown as tf.Optimizer));
    const events = collect(run);
    run.events$.subscribe((event) => {
      if (event.type !== 'accumulated-batch') return;
      if (optimizer.setLearningRate === undefined) optimizer.learningRate /= 2;
      else optimizer.setLearningRate(optimizer.learningRate / 2);
    });
    await run.done;
    expect(ofType(events, 'accumulated-batch').map(({ learningRate }) => learningRate)).toEqual([0.5, 0.25, 0.125]);
    const microRates = ofType(events, 'micro-batch').map(({ learningRate }) => learningRate);
    expect(microRates).toEqual([0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
  });

  it('an optimizer without a rate trains, and the events tell none', async () => {
    class NamelessRate extends tf.Optimizer {
      static readonly className = 'NamelessRate';
      applyGradients() {}
      getConfig() {
        return {};
      }
    }
    const { rates, microRates } = await followed(options(new NamelessRate()));
    expect(new Set([...rates, ...microRates])).toEqual(new Set([undefined]));
  });
});

describe('learningRate refuses, before any work', () => {
  it.each<[string, unknown, typeof RangeError | typeof TypeError, string]>([
    ['a negative rate', -0.1, RangeError, 'learningRate must be finite and at least 0, not -0.1'],
    ['NaN', Number.NaN, RangeError, 'learningRate must be finite and at least 0, not NaN'],
    ['infinity', Number.POSITIVE_INFINITY, RangeError, 'learningRate must be finite and at least 0, not Infinity'],
    ['text', '1e-3', TypeError, 'learningRate must be a number or { by, rate }, not "1e-3"'],
    ['null', null, TypeError, 'learningRate must be a number or { by, rate }, not null'],
    ['a bare function', () => 1, TypeError, 'learningRate must be a number or { by, rate }, not the function'],
    [
      'another clock',
      { by: 'batch', rate: () => 1 },
      TypeError,
      "learningRate.by must be 'step', 'samples' or 'epoch', not \"batch\"",
    ],
    ['no function', { by: 'step', rate: 1 }, TypeError, 'learningRate.rate must be a function (at) => rate, not 1'],
    ['a misspelt key', { by: 'step', rates: () => 1 }, TypeError, 'learningRate: unknown option rates'],
  ])('%s', (_, learningRate, error, message) => {
    const attempt = () => train(options(tf.train.sgd(1), learningRate as LearningRate));
    expect(attempt).toThrow(error);
    expect(attempt).toThrow(message);
  });

  it('an optimizer that has none', () => {
    const optimizer = tf.train.adam(1);
    Object.assign(optimizer, { learningRate: undefined });
    const attempt = () => train(options(optimizer, 0.1));
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow('learningRate is 0.1, but the optimizer (Adam) has no number learningRate');
  });

  it('at its first step, an optimizer that keeps its own', async () => {
    const optimizer = tf.train.adam(1);
    Object.defineProperty(optimizer, 'learningRate', { get: () => 1, set() {} });
    const run = train(options(optimizer, 0.1));
    await expect(run.done).rejects.toThrow('learningRate: the optimizer was given 0.1, but its rate is 1');
  });
});
