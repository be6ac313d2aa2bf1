import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LayersTrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, collect, largestError, ofType, relativeError, weightsOf } from './fixtures.js';

let models = 0;

/** A digit (3 classes) and its position (2 numbers) from 6 inputs, with a penalty; the names are new for each model. */
function twoOutputs(): { model: tf.LayersModel; digit: string; place: string } {
  models += 1;
  const [digit, place] = [`digit${models}`, `place${models}`];
  const input = tf.input({ shape: [6] });
  const hidden = tf.layers
    .dense({
      units: 5,
      activation: 'tanh',
      kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      kernelRegularizer: tf.regularizers.l1l2({ l1: 0.01, l2: 0.02 }),
    })
    .apply(input) as tf.SymbolicTensor;
  const output = (name: string, units: number, activation: 'softmax' | 'linear') =>
    tf.layers
      .dense({ units, activation, name, kernelInitializer: tf.initializers.glorotUniform({ seed: units }) })
      .apply(hidden) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: [output(digit, 3, 'softmax'), output(place, 2, 'linear')] });
  return { model, digit, place };
}

/** Made anew on each backend: what cpu casts from integers is other numbers once it is moved to wasm. */
function samples(): { xs: tf.Tensor; ys: tf.Tensor; places: tf.Tensor } {
  return { ...classes(24), places: tf.randomNormal([24, 2], 0, 1, 'float32', 4) };
}

function inMemory() {
  const { xs, ys, places } = samples();
  return { xs, ys: [ys, places], batchSize: 5, shuffle: false };
}

const options = (): Omit<LayersTrainOptions, 'model'> => ({
  optimizer: tf.train.sgd(0.1),
  loss: ['categoricalCrossentropy', 'meanSquaredError'],
  data: inMemory(),
  accumulation: gradientAccumulation({ accumBatchSize: 20, lastWindow: 'flush' }),
});
const wholeWindow = gradientAccumulation({ accumBatchSize: 24, microBatchSize: 1 });
/** In micro-batches of 7, 7, 7 and 3. */
function* cutUp() {
  const { xs, ys, places } = samples();
  for (let from = 0; from < 24; from += 7) {
    const slice = (tensor: tf.Tensor) => tf.slice(tensor, [from, 0], [Math.min(7, 24 - from), -1]);
    yield { xs: slice(xs), ys: [slice(ys), slice(places)] };
  }
  tf.dispose([xs, ys, places]);
}
const cutData = { data: cutUp, disposeBatches: true, accumulation: wholeWindow };
const valuesOf = (scalars: unknown) => (scalars as tf.Scalar[]).map((one) => one.dataSync()[0]!);

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it('a window steps as model.trainOnBatch does on all its samples, and tells its losses and metrics', async () => {
    const [{ model, digit, place }, reference] = [twoOutputs(), twoOutputs()];
    reference.model.compile({
      optimizer: tf.train.sgd(0.1),
      loss: ['categoricalCrossentropy', 'meanSquaredError'],
      metrics: ['accuracy', 'mae'],
    });
    const { xs, ys, places } = samples();
    const expected = (await reference.model.trainOnBatch(xs, [ys, places])) as number[];
    const run = train({ ...options(), ...cutData, model, metrics: ['accuracy', 'mae'] });
    const events = collect(run);
    await run.done;
    const [step] = ofType(events, 'accumulated-batch');
    const names = [
      ...[digit, place].map((output) => `${output}_loss`),
      ...[digit, place].flatMap((output) => [`${output}_accuracy`, `${output}_mae`]),
    ];
    expect(Object.keys(step!.metrics)).toEqual(names);
    expect(relativeError([step!.loss, ...Object.values(step!.metrics)], expected)).toBeLessThan(tolerance);
    expect(relativeError(weightsOf(model), weightsOf(reference.model))).toBeLessThan(tolerance);
  });

  it('validation tells the losses and metrics of model.evaluate', async () => {
    const { model, digit, place } = twoOutputs();
    const reference = twoOutputs();
    const { xs, ys, places } = samples();
    reference.model.compile({
      optimizer: tf.train.sgd(0),
      loss: ['categoricalCrossentropy', 'meanSquaredError'],
      metrics: ['accuracy'],
    });
    const { history } = await train({
      ...options(),
      optimizer: tf.train.sgd(0),
      model,
      metrics: ['accuracy'],
      validation: { xs, ys: [ys, places], batchSize: 7 },
    }).done;
    // Before the losses and the metrics of the outputs tfjs gives the first loss, and the sum of both.
    const [, loss, ...others] = valuesOf(reference.model.evaluate(xs, [ys, places]));
    const valid = history[0]!.valid!;
    expect(Object.keys(valid)).toEqual([
      'loss',
      ...[digit, place].map((output) => `${output}_loss`),
      ...[digit, place].map((output) => `${output}_accuracy`),
    ]);
    expect(relativeError(Object.values(valid), [loss!, ...others])).toBeLessThan(tolerance);
  });

  it('losses, their weights, metrics and targets are the same by position and by name', async () => {
    const outcomes = await Promise.all(
      [false, true].map(async (named) => {
        const { model, digit, place } = twoOutputs();
        const { ys, places } = samples();
        const by = <T>(first: T, second: T) => (named ? { [place]: second, [digit]: first } : [first, second]);
        const { history } = await train({
          ...options(),
          model,
          loss: by<'categoricalCrossentropy' | 'meanSquaredError'>('categoricalCrossentropy', 'meanSquaredError'),
          lossWeights: by(0.5, 2),
          metrics: { [place]: 'mae', [digit]: ['accuracy'] },
          data: { ...inMemory(), ys: by<tf.Tensor>(ys, places) },
        } as LayersTrainOptions).done;
        const names = Object.keys(history[0]!.train);
        expect(names).toEqual(['loss', `${digit}_loss`, `${place}_loss`, `${digit}_accuracy`, `${place}_mae`]);
        return [...weightsOf(model), ...Object.values(history[0]!.train)];
      }),
    );
    expect(largestError(outcomes[0]!, outcomes[1]!)).toBe(0);
  });

  it('the loss is the sum of the outputs’ losses by their weights, an output that is not named counting once', async () => {
    const { model, digit, place } = twoOutputs();
    const { xs, ys, places } = samples();
    const run = train({
      ...options(),
      ...cutData,
      model,
      lossWeights: { [place]: 0.25 },
      validation: { xs, ys: [ys, places] },
      optimizer: tf.train.sgd(0),
    });
    const events = collect(run);
    const { history } = await run.done;
    const penalty = model.calculateLosses().reduce((sum, one) => sum + one.dataSync()[0]!, 0);
    const sumOf = (metrics: Readonly<Record<string, number>>) =>
      metrics[`${digit}_loss`]! + 0.25 * metrics[`${place}_loss`]!;
    const [step] = ofType(events, 'accumulated-batch');
    expect(step!.loss).toBeCloseTo(sumOf(step!.metrics) + penalty, 5);
    const valid = history[0]!.valid!;
    expect(valid.loss).toBeCloseTo(sumOf(valid), 5);
    expect(penalty).toBeGreaterThan(0.01);
  });

  it('takes one loss for all outputs, also a function', async () => {
    const squared = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.mean(tf.squaredDifference(yTrue, yPred));
    const outcomes: number[][] = [];
    for (const loss of ['meanSquaredError', squared, ['meanSquaredError', squared]] as LayersTrainOptions['loss'][]) {
      const { model } = twoOutputs();
      const { history } = await train({ ...options(), model, loss }).done;
      outcomes.push([...weightsOf(model), ...Object.values(history[0]!.train)]);
    }
    expect(largestError(outcomes[0]!, outcomes[1]!)).toBeLessThan(tolerance);
    expect(largestError(outcomes[0]!, outcomes[2]!)).toBeLessThan(tolerance);
  });

  it('tells outputs of one layer apart', async () => {
    const input = tf.input({ shape: [2, 3] });
    const [, hidden, cell] = tf.layers.lstm({ units: 2, returnState: true }).apply(input) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: input, outputs: [hidden!, cell!] });
    const name = model.outputNames[0]!;
    const { history } = await train({
      ...options(),
      model,
      loss: { [name]: 'meanSquaredError', [`${name}_1`]: 'meanAbsoluteError' },
      data: { xs: tf.ones([4, 2, 3]), ys: [tf.zeros([4, 2]), tf.zeros([4, 2])], batchSize: 4 },
      accumulation: gradientAccumulation({ accumBatchSize: 4 }),
    }).done;
    expect(Object.keys(history[0]!.train)).toEqual(['loss', `${name}_loss`, `${name}_1_loss`]);
  });

  it('holds no tensor, also where one of the losses is refused', async () => {
    const { model } = twoOutputs();
    const { xs, ys, places } = samples();
    const given: LayersTrainOptions = { ...options(), model, metrics: ['mae'], validation: { xs, ys: [ys, places] } };
    const vector = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.sum(tf.abs(tf.sub(yTrue, yPred)), 1);
    const before = tf.memory().numTensors;
    await train(given).done;
    expect(tf.memory().numTensors).toBe(before);
    await expect(train({ ...given, loss: ['categoricalCrossentropy', vector] }).done).rejects.toThrow(
      /^loss of 'place\d+' must return a scalar, not a tensor of shape \[5\]: take its mean$/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('for several outputs train() refuses, before any work', () => {
  const { model, digit, place } = twoOutputs();
  const { xs, ys } = samples();
  it.each<[string, object, string]>([
    [
      'too few losses',
      { loss: ['meanSquaredError'] },
      `loss has 1 entries, but the model has 2 outputs: ${digit}, ${place}`,
    ],
    [
      'a loss of an output that there is not',
      { loss: { a: 'hinge' } },
      `loss names 'a', but the outputs of the model are`,
    ],
    ['an output without a loss', { loss: { [digit]: 'hinge' } }, `loss lacks '${place}': each output needs one`],
    ['an unknown loss', { loss: ['hinge', 'hing'] }, `loss of '${place}': Unknown loss hing`],
    ['a loss that is none', { loss: ['hinge', 3] }, `loss of '${place}' must be the name of a loss or a function`],
    ['an unknown metric', { metrics: { [place]: 'f1' } }, `metrics of '${place}': Unknown metric f1`],
    ['metrics of an output that there is not', { metrics: { a: 'mae' } }, `metrics names 'a', but the outputs`],
    ['a metric twice', { metrics: { [digit]: ['mae', 'mae'] } }, `metrics of '${digit}' holds 'mae' twice`],
    ['a number as loss weights', { lossWeights: 2 }, 'lossWeights must be by position or by name of an output, not 2'],
    ['too many loss weights', { lossWeights: [1, 1, 1] }, 'lossWeights has 3 entries, but the model has 2 outputs'],
    ['a loss weight as text', { lossWeights: ['1', 1] }, `lossWeights of '${digit}' must be a number, not "1"`],
    [
      'a loss weight of NaN',
      { lossWeights: { [place]: Number.NaN } },
      `lossWeights of '${place}' must be finite, not NaN`,
    ],
    ['loss weights of 0', { lossWeights: [0, 0] }, 'lossWeights are 0 for every output'],
    [
      'targets of one output',
      { data: { xs, ys, batchSize: 4 } },
      `data: ys must be 2 tensors (${digit}, ${place}), not 1`,
    ],
    [
      'targets of another shape',
      { data: { xs, ys: [ys, ys], batchSize: 4 } },
      `data: ys, for the loss of '${place}' "meanSquaredError", must have the shape [any, 2], not [24, 3]`,
    ],
    [
      'weights of timesteps',
      { data: { ...inMemory(), sampleWeights: tf.ones([24, 3]) } },
      `data: sampleWeights, for the loss of '${digit}', must have the shape [any], not [24, 3]`,
    ],
  ])('%s', (_, wrong, message) => {
    const given = { ...options(), model, ...wrong } as LayersTrainOptions;
    const before = tf.memory().numTensors;
    expect(() => train(given)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('a name that two values would have', () => {
    const input = tf.input({ shape: [6] });
    const output = (name: string) => tf.layers.dense({ units: 3, name }).apply(input) as tf.SymbolicTensor;
    function b_c(yTrue: tf.Tensor): tf.Tensor {
      return tf.mean(yTrue);
    }
    function c(yTrue: tf.Tensor): tf.Tensor {
      return tf.mean(yTrue);
    }
    const clashing = tf.model({ inputs: input, outputs: [output('a'), output('a_b')] });
    const given = { ...options(), model: clashing, loss: 'meanSquaredError' as const, metrics: { a: b_c, a_b: c } };
    expect(() => train({ ...given, data: { xs, ys: [ys, ys], batchSize: 4 } })).toThrow(
      "metrics: 'a_b_c' would name two values; rename an output",
    );
  });
});
