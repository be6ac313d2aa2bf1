import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CustomTrainOptions,
  type InMemoryData,
  type LabelledBatch,
  type TrainOptions,
  type TrainRun,
  train,
} from '../src/index.js';
import './backends.js';
import { memoryStore } from './checkpoint/stores.js';
import { registerStallingBackend } from './stalling-backend.js';

registerStallingBackend();

const PER_EPOCH = 1000;

/** Windows of 3, so that epochs leave a rest. */
const windows = (lastWindow: 'carry' | 'flush' | 'drop' = 'carry') =>
  gradientAccumulation({ accumBatchSize: 6, microBatchSize: 2, lastWindow });

/** A model that is done with quickly: what may leak is what is around it. */
function tiny(more: Partial<CustomTrainOptions<LabelledBatch>> = {}): CustomTrainOptions<LabelledBatch> {
  const weights = tf.variable(tf.ones([2]));
  const unused = tf.variable(tf.ones([2]));
  return {
    model: {
      variables: [weights, unused],
      loss: ({ xs }) => tf.mean(tf.mul(xs as tf.Tensor, weights)),
      metrics: () => ({ weight: tf.mean(weights) }),
    },
    optimizer: tf.train.sgd(1e-6),
    data: { xs: tf.ones([2 * PER_EPOCH, 2]), ys: tf.ones([2 * PER_EPOCH, 1]), batchSize: 2 },
    epochs: 10,
    accumulation: windows(),
    ...more,
  };
}

function layers(): TrainOptions {
  const options = tiny();
  const { xs, batchSize } = options.data as InMemoryData;
  return {
    ...options,
    model: tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], activation: 'softmax' })] }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    data: { xs, ys: tf.zeros([2 * PER_EPOCH, 1]), batchSize },
    classWeight: { 0: 3 },
  } as TrainOptions;
}

function* batches(): Generator<LabelledBatch> {
  for (let batch = 0; batch < PER_EPOCH; batch++) yield { xs: tf.ones([2, 2]), ys: tf.ones([2, 1]) };
}

/** Every seventh micro-batch is not finite. */
function notFinite(nonFinite: 'propagate' | 'skip'): CustomTrainOptions<LabelledBatch> {
  const options = tiny({ nonFinite });
  let count = 0;
  const loss: typeof options.model.loss = (batch, mode) =>
    tf.mul(options.model.loss(batch, mode), ++count % 7 === 0 ? Number.NaN : 1);
  return { ...options, model: { ...options.model, loss } };
}

/** Dropout, a penalty, two outputs and a weight for each sample. */
function severalOutputs(): TrainOptions {
  const options = tiny();
  const input = tf.input({ shape: [2] });
  const hidden = tf.layers.dense({ units: 2, kernelRegularizer: 'l1l2' }).apply(input) as tf.SymbolicTensor;
  const dropped = tf.layers.dropout({ rate: 0.5 }).apply(hidden) as tf.SymbolicTensor;
  const outputs = ['a', 'b'].map((name) => tf.layers.dense({ units: 1, name }).apply(dropped) as tf.SymbolicTensor);
  const { xs, ys, batchSize } = options.data as InMemoryData;
  return {
    ...options,
    model: tf.model({ inputs: input, outputs }),
    loss: 'meanSquaredError',
    metrics: ['mse'],
    data: { xs, ys: [ys as tf.Tensor, ys as tf.Tensor], sampleWeights: tf.ones([2 * PER_EPOCH]), batchSize },
    seed: 1,
  } as TrainOptions;
}

const held = (): LabelledBatch => ({ xs: tf.ones([8, 2]), ys: tf.ones([8, 1]) });

const all = { gradNorm: true, noiseScale: true, normTest: true, times: true };

/** What a run may be told to do. Whoever adds an option to `train()` adds it here. */
const modes: Record<string, () => TrainOptions> = {
  'windows that are carried': () => tiny(),
  'windows that are flushed': () => tiny({ accumulation: windows('flush') }),
  'windows that are dropped': () => tiny({ accumulation: windows('drop') }),
  'windows that grow': () =>
    tiny({ accumulation: gradientAccumulationSchedule({ startAccumBatchSize: 2, finalAccumBatchSize: 64 }) }),
  'a fixed normalizer': () => tiny({ accumulation: gradientAccumulation({ accumBatchSize: 6, normalize: 'target' }) }),
  'batches of a generator': () => tiny({ data: batches, accumulation: windows(), disposeBatches: true }),
  'a data set': () => tiny({ data: tf.data.generator(batches as never) as never, microBatchesPerEpoch: PER_EPOCH }),
  'a layers model, weights of classes': layers,
  'an optimizer with state': () => tiny({ optimizer: tf.train.adam(1e-6) }),
  validation: () => tiny({ validation: { xs: tf.ones([8, 2]), ys: tf.ones([8, 1]), batchSize: 2 } }),
  weights: () => tiny({ weight: () => 3 }),
  histograms: () => tiny({ histograms: { every: 50 } }),
  'all that can be measured': () => tiny({ measure: all }),
  'clipping by global norm': () => tiny({ clip: { globalNorm: 1e-3 } }),
  'clipping by norm': () => tiny({ clip: { norm: 1e-3 } }),
  'clipping by value': () => tiny({ clip: { value: 1e-3 } }),
  'a learning rate by step': () => tiny({ learningRate: { by: 'step', rate: (step) => 1e-6 / (1 + step) } }),
  'weight decay': () => tiny({ weightDecay: 1e-3 }),
  'weights of samples, several outputs, penalties and a seed': severalOutputs,
  'weights on the device': () => tiny({ weight: () => tf.scalar(3) }),
  'early stopping that keeps the best weights': () =>
    tiny({ validation: held(), earlyStopping: { monitor: 'valid.loss', patience: 100, restoreBest: true } }),
  // Nothing is kept of them: their bytes are not what is counted.
  checkpoints: () =>
    tiny({ checkpoints: { store: { ...memoryStore(), write: async () => {} }, every: { microBatches: 100 } } }),
  'NaN that would be told of': () => tiny({ nonFinite: 'raise' }),
  'NaN that is trained on': () => notFinite('propagate'),
  'NaN that is skipped': () => notFinite('skip'),
};

/** Trains, and notes how many tensors there are at each step after the first, which makes an optimizer's state. */
async function tensorsOf(options: TrainOptions, watch: (run: TrainRun) => void = () => {}) {
  const before = tf.memory().numTensors;
  const run = train(options);
  const counts = new Set<number>();
  let steps = 0;
  run.events$.subscribe({
    next(event) {
      if (event.type !== 'accumulated-batch' || ++steps === 1) return;
      // A window that an epoch's end fills can be told of when its last batch is gone.
      if (event.windowSamples >= event.accumBatchSize) counts.add(tf.memory().numTensors);
    },
    error() {},
  });
  watch(run);
  const outcome = await run.done.then(
    ({ outcome }) => outcome,
    (error: Error) => error.message,
  );
  const grown = tf.memory().numTensors - before;
  // Without the counter that `getWeights` makes and puts before what the optimizer keeps.
  const kept = (await options.optimizer.getWeights()).length - 1;
  return { outcome, counts: [...counts], leaked: grown - kept };
}

describe.each([
  ['10,000', 'cpu', 10],
  ['1,000', 'wasm', 1],
  ['1,000', 'stalling', 1],
] as const)('over %s micro-batches on %s', (_count, backend, epochs) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  it.each(Object.keys(modes))(
    'a run holds the same tensors at every step, and none in the end, with %s',
    async (name) => {
      const { outcome, counts, leaked } = await tensorsOf({ ...modes[name]!(), epochs });
      expect(outcome).toBe('finished');
      // The best weights are there from the first epoch's end on.
      expect(counts).toHaveLength(name.endsWith('best weights') && epochs > 1 ? 2 : 1);
      expect(leaked).toBe(0);
    },
  );

  const last = epochs * PER_EPOCH - 1;
  /** A loss that goes wrong at the last micro-batch but one. */
  const failing = (fail: (loss: tf.Tensor) => tf.Tensor): TrainOptions => {
    const options = tiny({ epochs, measure: all, clip: { globalNorm: 1 } });
    let count = 0;
    const loss: typeof options.model.loss = (batch, mode) => {
      const value = options.model.loss(batch, mode);
      return ++count === last ? fail(value) : value;
    };
    return { ...options, model: { ...options.model, loss } };
  };
  const backward = tf.customGrad((x) => ({
    value: tf.square(x as tf.Tensor),
    gradFunc: () => {
      throw new Error('backward');
    },
  }));

  it.each<[string, () => TrainOptions, string]>([
    [
      'an error of the loss',
      () =>
        failing(() => {
          throw new Error('forward');
        }),
      'forward',
    ],
    ['an error of the backward pass', () => failing((loss) => backward(loss)), 'backward'],
    ['a loss that is no scalar', () => failing((loss) => tf.stack([loss, loss])), 'loss must return a scalar'],
    [
      'a gradient that is not finite',
      () => ({ ...failing((loss) => tf.mul(loss, Number.NaN)), nonFinite: 'raise' }),
      `micro-batch ${last} is not finite`,
    ],
    [
      'an error of the data',
      () =>
        tiny({
          epochs,
          disposeBatches: true,
          *data(epoch) {
            yield* batches();
            if (epoch === epochs - 1) throw new Error('the disk went away');
          },
        }),
      'the disk went away',
    ],
  ])('a run leaves no tensor after %s', async (_, options, message) => {
    const { outcome, leaked } = await tensorsOf(options());
    expect(outcome).toContain(message);
    expect(leaked).toBe(0);
  });

  it.each(['measure', 'none'])('a run leaves no tensor after stop() inside a window, with %s', async (measured) => {
    const options = tiny({
      epochs,
      accumulation: gradientAccumulation({ accumBatchSize: 14 }),
      ...(measured === 'measure' && { measure: all }),
    });
    const { outcome, leaked } = await tensorsOf(options, (run) => {
      run.events$.subscribe((event) => {
        if (event.type === 'micro-batch' && event.microStep === last) run.stop();
      });
    });
    expect(outcome).toBe('stopped');
    expect(leaked).toBe(0);
  });

  it('a run leaves no tensor where its subscribers went away', async () => {
    const { outcome, counts, leaked } = await tensorsOf(tiny({ epochs }), (run) => {
      for (let subscriber = 0; subscriber < 3; subscriber++) {
        const subscription = run.events$.subscribe(() => subscription.unsubscribe());
      }
    });
    expect([outcome, counts.length, leaked]).toEqual(['finished', 1, 0]);
  });
});
