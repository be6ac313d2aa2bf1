import { gradientAccumulation, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type AccumulateGradientsOptions, accumulateGradients, type LayersTrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { comparable, recordRun, typesOf } from './fit-fixtures.js';
import { classes, classifier, collect, ofType, weightsOf } from './fixtures.js';
import { useQueueingBackend } from './queueing-backend.js';

type Around = Pick<
  AccumulateGradientsOptions & LayersTrainOptions,
  'clip' | 'learningRate' | 'weightDecay' | 'nonFinite' | 'histograms' | 'measure'
>;

const policy = gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' });

/** A classifier with batch normalization, whose moving means a forward pass changes. */
function normalized(): tf.Sequential {
  const model = classifier();
  const init = tf.initializers.glorotUniform({ seed: 3 });
  return tf.sequential({
    layers: [
      tf.layers.batchNormalization({ inputShape: [6] }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: init }),
      ...model.layers.slice(2),
    ],
  });
}

/** 30 samples, of which those at `broken` are NaN. */
function samples(broken: readonly number[]): { xs: tf.Tensor; ys: tf.Tensor } {
  const { xs, ys } = classes(30);
  const values = xs.arraySync() as number[][];
  for (const row of broken) values[row]![0] = Number.NaN;
  return { xs: tf.tensor2d(values), ys };
}

async function trained(data: { xs: tf.Tensor; ys: tf.Tensor }, options: Around) {
  const model = normalized();
  const run = train({
    model,
    optimizer: tf.train.momentum(0.1, 0.9),
    loss: 'categoricalCrossentropy',
    data: { ...data, batchSize: 4, shuffle: false },
    epochs: 2,
    accumulation: policy,
    ...options,
  });
  const events = collect(run);
  await run.done.catch(() => {});
  return { events, weights: weightsOf(model), variables: model.weights.map(({ name }) => name) };
}

async function fitted({ xs, ys }: { xs: tf.Tensor; ys: tf.Tensor }, options: Around, more: tf.ModelFitArgs = {}) {
  const model = normalized();
  const accumulation = accumulateGradients(tf.train.momentum(0.1, 0.9), policy, options);
  model.compile({ optimizer: accumulation.optimizer, loss: 'categoricalCrossentropy' });
  const { events } = recordRun(accumulation);
  const fit = { batchSize: 4, shuffle: false, epochs: 2, verbose: 0 as const, callbacks: accumulation.callback };
  await model.fit(xs, ys, { ...fit, ...more }).catch(() => {});
  return { events, weights: weightsOf(model), variables: model.weights.map(({ name }) => name) };
}

/** Events with the names of variables by number: no two models have the same. */
function nameless({ events, variables }: { events: readonly TrainEvent[]; variables: readonly string[] }): unknown[] {
  const rename = (text: string) =>
    variables.reduce((renamed, name, at) => renamed.replaceAll(name, `variable ${at}`), text);
  const show = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value;
  return comparable(events).map((event) => JSON.parse(rename(JSON.stringify(event, show))));
}

const errorOf = ({ events }: { events: readonly TrainEvent[] }) =>
  ofType(events, 'run-end')[0]!.error?.replace(/dense_\S+|batch_\S+/, 'a variable');

const measuredOf = ({ events }: { events: readonly TrainEvent[] }) =>
  ofType(events, 'accumulated-batch').map(({ gradNorm, gradientNoiseScale, normTestRatio }) =>
    [gradNorm, gradientNoiseScale, normTestRatio].map((value) => value?.toPrecision(3)),
  );

const CASES: Record<string, { readonly around: Around; readonly broken?: readonly number[] }> = {
  'clip by global norm': { around: { clip: { globalNorm: 0.1 } } },
  'clip by norm': { around: { clip: { norm: 0.05 } } },
  'clip by value': { around: { clip: { value: 0.02 } } },
  'a learning rate': { around: { learningRate: 0.03 } },
  'a learning rate by step': { around: { learningRate: { by: 'step', rate: (step) => 0.1 / (step + 1) } } },
  'a learning rate by samples': { around: { learningRate: { by: 'samples', rate: (seen) => 0.1 / (seen + 1) } } },
  'a learning rate by epoch': { around: { learningRate: { by: 'epoch', rate: (epoch) => 0.1 / (epoch + 1) } } },
  'weight decay': { around: { weightDecay: 0.1 } },
  'weight decay but of biases': { around: { weightDecay: { rate: 0.1, exclude: (name) => name.includes('bias') } } },
  histograms: { around: { histograms: { every: 2 } } },
  'the norm of gradients': { around: { measure: { gradNorm: true } } },
  'the noise of gradients': { around: { measure: { noiseScale: { decay: 0.5 }, normTest: true } } },
  'the noise of a window with a micro-batch that is skipped': {
    around: { measure: { noiseScale: true, gradNorm: true }, nonFinite: 'skip' },
    broken: [5],
  },
  'a micro-batch that is skipped': { around: { nonFinite: 'skip' }, broken: [5] },
  'a window that is skipped': { around: { nonFinite: 'skip' }, broken: [12, 17, 20] },
  'a tail that is skipped': { around: { nonFinite: 'skip' }, broken: [25, 28] },
  'a micro-batch that fails the run': { around: { nonFinite: 'raise' }, broken: [17] },
  'a micro-batch that spoils the run': { around: {}, broken: [17] },
  'all of it': {
    around: {
      clip: { globalNorm: 0.1 },
      learningRate: { by: 'step', rate: (step) => 0.1 / (step + 1) },
      weightDecay: 0.01,
      nonFinite: 'skip',
      histograms: { every: 1, weights: false },
      measure: { noiseScale: true, normTest: true, gradNorm: true },
    },
    broken: [5],
  },
};

function declareCases(): void {
  it.each(Object.keys(CASES))('does what train() does, and tells it: %s', async (name) => {
    const { around, broken = [] } = CASES[name]!;
    const data = samples(broken);
    const before = tf.memory().numTensors;
    const expected = await trained(data, around);
    const between = tf.memory().numTensors;
    const actual = await fitted(data, around);
    // A fit that fails leaves its own: see drop-in-failures.test.ts.
    if (around.nonFinite !== 'raise') expect(tf.memory().numTensors - between).toBe(between - before);
    expect(actual.weights).toEqual(expected.weights);
    expect(nameless(actual)).toEqual(nameless(expected));
    expect(actual.events.length).toBeGreaterThan(5);
  });
}

onEachBackend(() => {
  declareCases();

  it('forgets the noise of a window that is dropped', async () => {
    const drop = gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4, lastWindow: 'drop' });
    const options = { measure: { noiseScale: true } };
    const { xs, ys } = classes(20);
    const batches = function* () {
      for (let from = 0; from < 20; from += 4)
        yield { xs: tf.slice(xs, [from, 0], [4, -1]), ys: tf.slice(ys, [from, 0], [4, -1]) };
    };
    const loss = 'categoricalCrossentropy';
    const optimizer = tf.train.sgd(0.1);
    const run = train({
      model: classifier(),
      optimizer,
      loss,
      data: batches,
      epochs: 3,
      accumulation: drop,
      ...options,
    });
    const expected = collect(run);
    await run.done;
    const model = classifier();
    const accumulation = accumulateGradients(tf.train.sgd(0.1), drop, options);
    model.compile({ optimizer: accumulation.optimizer, loss });
    const { events } = recordRun(accumulation);
    const dataset = tf.data.generator(batches as unknown as () => Iterator<tf.TensorContainer>);
    await model.fitDataset(dataset, { epochs: 3, verbose: 0, callbacks: accumulation.callback });
    const noises = (of: readonly TrainEvent[]) =>
      ofType(of, 'accumulated-batch').map(({ gradientNoiseScale }) => gradientNoiseScale);
    expect(noises(events)).toEqual(noises(expected));
    expect(noises(events).filter((noise) => noise! > 0)).toHaveLength(3);
  });

  it('splits the time of each step, without what fit does besides', async () => {
    const { xs, ys } = samples([]);
    let now = 0;
    const accumulation = accumulateGradients(tf.train.sgd(0.1), policy, { measure: { times: { now: () => now } } });
    const model = classifier();
    const loss = (yTrue: tf.Tensor, yPred: tf.Tensor) => {
      now += 10;
      return tf.mean(tf.squaredDifference(yTrue, yPred), -1);
    };
    model.compile({ optimizer: accumulation.optimizer, loss });
    const { events } = recordRun(accumulation);
    accumulation.events$.subscribe(({ type }) => {
      if (type === 'micro-batch') now += 1;
    });
    // Validation calls the loss, too.
    const fit = { batchSize: 4, epochs: 2, verbose: 0 as const, callbacks: accumulation.callback };
    await model.fit(xs, ys, { ...fit, validationSplit: 0.2 });
    const steps = ofType(events, 'accumulated-batch');
    expect(steps.map(({ forwardBackwardMs, logMs }) => [forwardBackwardMs, logMs])).toEqual([
      [30, 2],
      [30, 3],
      [30, 3],
      [30, 3],
    ]);
    expect(steps.map(({ samplesPerSecond }) => samplesPerSecond)).toEqual([
      12_000 / 32,
      12_000 / 33,
      12_000 / 33,
      12_000 / 33,
    ]);
  });
});

describe('on a backend whose reads would stall', () => {
  useQueueingBackend();

  describe('fit', () => {
    it.each(Object.keys(CASES))('ends as on one whose reads do not: %s', async (name) => {
      const { around, broken = [] } = CASES[name]!;
      const data = samples(broken);
      const on = async (backend: string) => {
        await tf.setBackend(backend);
        return fitted(data, around);
      };
      const expected = await on('cpu');
      const actual = await on('queueing');
      // A run that fails does so when the device is read: moving means have gone on until then.
      const compared = around.nonFinite === 'raise' ? expected.weights.length - 12 : undefined;
      const rounded = (weights: readonly number[]) => weights.slice(0, compared).map((weight) => weight.toPrecision(4));
      expect(rounded(actual.weights)).toEqual(rounded(expected.weights));
      expect(typesOf(actual.events)).toEqual(typesOf(expected.events));
      expect(errorOf(actual)).toEqual(errorOf(expected));
      expect(measuredOf(actual)).toEqual(measuredOf(expected));
    });

    it('says that an epoch may be validated before its last step', async () => {
      await tf.setBackend('queueing');
      const { events } = await fitted(samples([]), { clip: { value: 1 } }, { validationSplit: 0.2 });
      const codes = ofType(events, 'diagnostic').map(({ code }) => code);
      expect(codes).toEqual(['batch-norm-micro-batches', 'step-after-validation']);
    });
  });

  it('a fit that fails before a late step does not take it', async () => {
    await tf.setBackend('queueing');
    const { xs, ys } = samples([]);
    const model = classifier();
    const accumulation = accumulateGradients(tf.train.sgd(0.1), policy, { clip: { value: 1 } });
    model.compile({ optimizer: accumulation.optimizer, loss: 'categoricalCrossentropy' });
    const { events } = recordRun(accumulation);
    const onBatchEnd = (batch: number) => {
      if (batch === 2) throw new Error('callback');
    };
    const callbacks = [new tf.CustomCallback({ onBatchEnd }, 'auto'), accumulation.callback];
    const before = weightsOf(model);
    const fit = model.fit(xs, ys, { batchSize: 4, shuffle: false, verbose: 0, callbacks });
    await expect(fit).rejects.toThrow('callback');
    // The losses of the window are still on their way.
    await new Promise((resolve) => accumulation.events$.subscribe({ complete: () => resolve(undefined) }));
    expect(weightsOf(model)).toEqual(before);
    expect(typesOf(events)).toEqual(['run-start', ...Array(3).fill('micro-batch'), 'discarded-window', 'run-end']);
  });

  it('a loop by hand refuses what it would have to wait for', async () => {
    await tf.setBackend('queueing');
    const options = { microBatchSize: 4, clip: { value: 1 } };
    const { optimizer } = accumulateGradients(tf.train.sgd(0.1), policy, options);
    const variable = tf.variable(tf.scalar(1));
    const minimize = () => optimizer.minimize(() => tf.square(variable) as tf.Scalar, false, [variable]);
    expect(minimize).toThrow('clip, nonFinite, histograms and measure wait for the device');
  });

  it.each([
    ['begins a window that is dropped', [4, 4, 2, 2]],
    ['is left out', [4, 4, 4]],
  ])(
    'a loop by hand whose epochs end by their count trains as on one whose reads do not, where their tail %s',
    async (_, sizes) => {
      const drop = gradientAccumulation({ accumBatchSize: 8, microBatchSize: 4, lastWindow: 'drop' });
      const on = async (backend: string) => {
        await tf.setBackend(backend);
        let batch = 0;
        const accumulation = accumulateGradients(tf.train.sgd(1), drop, {
          samples: () => sizes[batch]!,
          microBatchesPerEpoch: sizes.length,
          epochs: 3,
          learningRate: { by: 'epoch', rate: (epoch) => 1 + epoch },
        });
        const { events } = recordRun(accumulation);
        const variable = tf.variable(tf.scalar(1));
        for (let epoch = 0; epoch < 3; epoch += 1) {
          for (batch = 0; batch < sizes.length; batch += 1) {
            const slope = tf.scalar(10 * epoch + batch);
            accumulation.optimizer.minimize(() => tf.mul(variable, slope) as tf.Scalar, false, [variable]);
          }
        }
        await accumulation.end();
        return { value: variable.dataSync()[0], types: typesOf(events), rates: ofType(events, 'micro-batch') };
      };
      const expected = await on('cpu');
      // 1 - 1·0.5 - 2·10.5 - 3·20.5
      expect(expected.value).toBe(-82);
      const rates = ({ rates }: typeof expected) => rates.map(({ learningRate }) => learningRate);
      expect(new Set(rates(expected))).toEqual(new Set(sizes.length === 3 ? [1, 2, 3] : [1, 1.5, 2, 2.5, 3, 3.5]));
      const actual = await on('queueing');
      expect({ ...actual, rates: rates(actual) }).toEqual({ ...expected, rates: rates(expected) });
    },
  );

  it('a loop by hand reads its losses once a window', async () => {
    await tf.setBackend('queueing');
    const accumulation = accumulateGradients(tf.train.sgd(0.1), policy, { microBatchSize: 4 });
    const { events } = recordRun(accumulation);
    const variable = tf.variable(tf.scalar(1));
    const seen: number[] = [];
    for (let batch = 0; batch < 6; batch += 1) {
      accumulation.optimizer.minimize(() => tf.square(variable) as tf.Scalar, false, [variable]);
      seen.push(ofType(events, 'micro-batch').length);
    }
    expect(seen).toEqual([0, 0, 3, 3, 3, 6]);
    accumulation.optimizer.minimize(() => tf.square(variable) as tf.Scalar, false, [variable]);
    await accumulation.end();
    expect(typesOf(events).slice(-3)).toEqual(['micro-batch', 'discarded-window', 'run-end']);
  });
});

describe('refused, where they are given', () => {
  it.each<[string, unknown, string]>([
    ['two ways to clip', { clip: { norm: 1, value: 1 } }, 'clip must have exactly one of globalNorm, norm and value'],
    ['a negative rate', { learningRate: -1 }, 'learningRate must be finite and at least 0, not -1'],
    ['a decay by text', { weightDecay: '1' }, 'weightDecay must be a number or { rate, exclude }, not "1"'],
    ['another word', { nonFinite: 'ignore' }, "nonFinite must be 'propagate', 'skip' or 'raise', not \"ignore\""],
    ['a norm by number', { measure: { gradNorm: 1 } }, 'measure.gradNorm must be a boolean, not 1'],
    ['half a step', { histograms: { every: 0.5 } }, 'histograms.every must be a positive integer, not 0.5'],
  ])('are options: %s', (_, options, message) => {
    const attempt = () => accumulateGradients(tf.train.sgd(1), policy, options as AccumulateGradientsOptions);
    expect(attempt).toThrow(message);
  });
});
