import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import './backends.js';
import { classes, classifier, collect, ofType } from './fixtures.js';

const accumulation = gradientAccumulation({ accumBatchSize: 8 });
const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0.1),
  loss: 'categoricalCrossentropy',
  data: { ...classes(16), batchSize: 4 },
  accumulation,
});

const custom = (loss: (batch: LabelledBatch) => tf.Tensor): Partial<TrainOptions> => ({
  model: { variables: [tf.variable(tf.ones([6, 3]))], loss },
  loss: undefined as never,
});

const measured = (metrics: () => unknown): Partial<TrainOptions> => {
  const kernel = tf.variable(tf.ones([6, 3]));
  const loss = ({ xs }: LabelledBatch) => tf.mean(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D));
  return { model: { variables: [kernel], loss, metrics: metrics as never }, loss: undefined as never };
};

describe('train() refuses, before any work', () => {
  const data = () => ({ ...classes(16), batchSize: 4 });
  const iterator = (): LabelledBatch[] => [classes(4)];
  const unbuilt = () => {
    const model = classifier();
    for (const layer of model.layers) layer.trainable = false;
    return model;
  };

  it.each<[string, () => Record<string, unknown>, string]>([
    ['an unknown option', () => ({ learnRate: 1 }), 'train: unknown option learnRate (1)'],
    ['epochs of zero', () => ({ epochs: 0 }), 'epochs must be a positive integer, not 0'],
    ['epochs of a half', () => ({ epochs: 0.5 }), 'epochs must be a positive integer, not 0.5'],
    ['epochs as text', () => ({ epochs: '3' }), 'epochs must be a positive integer, not "3"'],
    ['no optimizer', () => ({ optimizer: undefined }), 'optimizer must be a tf.Optimizer, not undefined'],
    ['an optimizer by name', () => ({ optimizer: 'adam' }), 'optimizer must be a tf.Optimizer, not "adam"'],
    ['no policy', () => ({ accumulation: undefined }), 'accumulation must be made by gradientAccumulation()'],
    ['a policy as options', () => ({ accumulation: { accumBatchSize: 8 } }), 'not an object with accumBatchSize'],
    ['no model', () => ({ model: undefined }), 'model must be a tf.LayersModel or { variables, loss }, not undefined'],
    ['no loss', () => ({ loss: undefined }), 'loss is undefined'],
    ['an unknown loss', () => ({ loss: 'crossEntropy' }), 'loss: Unknown loss crossEntropy'],
    ['a loss of another type', () => ({ loss: 3 }), 'loss must be the name of a loss or a function'],
    ['an unknown metric', () => ({ metrics: ['f1'] }), 'metrics: Unknown metric f1'],
    ['a metric without a name', () => ({ metrics: [() => tf.scalar(1)] }), 'metrics[0] must be a name'],
    ['metrics twice', () => ({ metrics: ['acc', 'acc'] }), "metrics holds 'acc' twice"],
    ['metrics that are no array', () => ({ metrics: 'acc' }), 'metrics must be an array'],
    ['a model without trainable weights', () => ({ model: unbuilt() }), 'has no trainable weights'],
    [
      'variables that are none',
      () => ({ model: { variables: [1], loss() {} }, loss: undefined }),
      'model.variables must be an array of tf.Variable',
    ],
    [
      'no trainable variables',
      () => ({ model: { variables: [tf.variable(tf.ones([1]), false)], loss() {} }, loss: undefined }),
      'model has no trainable weights',
    ],
    [
      'a custom model without a loss',
      () => ({ model: { variables: [tf.variable(tf.ones([1]))] }, loss: undefined }),
      'model.loss must be a function',
    ],
    [
      'a loss beside a custom model',
      () => custom(() => tf.scalar(1)) && { ...custom(() => tf.scalar(1)), loss: 'hinge' },
      'loss "hinge" is for a layers model',
    ],
    ['no data', () => ({ data: undefined }), 'data must be an object, not undefined'],
    ['a misspelt option of data', () => ({ data: { ...data(), batchsize: 4 } }), 'data: unknown option batchsize'],
    ['no batch size', () => ({ data: classes(16) }), 'data.batchSize must be a positive integer, not undefined'],
    [
      'a batch size of zero',
      () => ({ data: { ...data(), batchSize: 0 } }),
      'data.batchSize must be a positive integer, not 0',
    ],
    [
      'a seed that is no integer',
      () => ({ data: { ...data(), seed: 1.5 } }),
      'data.seed must be a 32-bit integer, not 1.5',
    ],
    ['no samples', () => ({ data: { xs: tf.zeros([0, 6]), ys: tf.zeros([0, 3]), batchSize: 4 } }), 'data is empty'],
    [
      'lengths that differ',
      () => ({ data: { ...data(), ys: tf.zeros([15, 3]) } }),
      'xs and ys must have the same first dimension, not [16, 6] and [15, 3]',
    ],
    [
      'inputs that are no tensors',
      () => ({ data: { ...data(), xs: [[1, 2]] } }),
      'data must hold tensors as xs and ys; xs is an array of 1',
    ],
    [
      'inputs of a wrong shape',
      () => ({ data: { ...data(), xs: tf.zeros([16, 7]) } }),
      'data: xs must have the shape [any, 6], not [16, 7]',
    ],
    [
      'targets of a wrong shape',
      () => ({ data: { ...data(), ys: tf.zeros([16, 4]) } }),
      'data: ys, for the loss "categoricalCrossentropy", must have the shape [any, 3], not [16, 4]',
    ],
    [
      'one-hot targets for a sparse loss',
      () => ({ loss: 'sparseCategoricalCrossentropy' }),
      'must have the shape [any, 1], not [16, 3]',
    ],
    [
      'validation of a wrong shape',
      () => ({ validation: { ...classes(4), xs: tf.zeros([4, 7]) } }),
      'validation: xs must have the shape [any, 6], not [4, 7]',
    ],
    [
      'validation without samples',
      () => ({ validation: { xs: tf.zeros([0, 6]), ys: tf.zeros([0, 3]) } }),
      'validation is empty',
    ],
    ['an empty array of batches', () => ({ data: [] }), 'data is empty: an array of 0 batches'],
    ['an empty data set', () => ({ data: tf.data.array([]) }), "data is empty: the data set's size is 0"],
    [
      'a data set that never ends',
      () => ({ data: tf.data.array([classes(4)]).repeat(), microBatchSize: 4 }),
      'data is a data set that never ends: take(n) of it, or say microBatchesPerEpoch',
    ],
    [
      'validation that never ends',
      () => ({ validation: tf.data.array([classes(4)]).repeat() }),
      'validation is a data set that never ends: take(n) of it',
    ],
    [
      'an iterator for several epochs',
      () => ({ data: iterator().values(), epochs: 2, microBatchSize: 4 }),
      'data is an iterator, which can be read once, but epochs is 2',
    ],
    ['an unknown micro-batch size', () => ({ data: iterator().values() }), 'microBatchSize is undefined'],
    ['a function of unknown micro-batch size', () => ({ data: iterator }), 'microBatchSize is undefined'],
    [
      'an array whose first batch has no samples to count',
      () => ({ data: [{ xs: 1, ys: tf.zeros([4, 3]) }] }),
      'data[0] must hold tensors as xs and ys; xs is 1',
    ],
    [
      'an array whose first batch fits no window',
      () => ({ data: [classes(3)] }),
      'accumBatchSize (8) must be a multiple of microBatchSize (3)',
    ],
    [
      'a micro-batch size beside data in memory',
      () => ({ microBatchSize: 5 }),
      'microBatchSize is 5, but data in memory makes it 4',
    ],
    [
      'a count beyond what there is',
      () => ({ data: iterator(), microBatchSize: 4, microBatchesPerEpoch: 2 }),
      'microBatchesPerEpoch is 2, but data has 1 batches',
    ],
    [
      'a window that micro-batches can’t make',
      () => ({ accumulation: gradientAccumulation({ accumBatchSize: 10 }) }),
      'accumBatchSize (10) must be a multiple of microBatchSize (4)',
    ],
    [
      'a schedule over data of unknown length',
      () => ({
        data: iterator,
        microBatchSize: 4,
        accumulation: gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 8 }),
      }),
      'microBatchesPerEpoch is undefined',
    ],
    ['a run id with a slash', () => ({ run: { id: 'a/b' } }), 'id'],
    ['a weight that is no function', () => ({ weight: 3 }), 'weight must be a function, not 3'],
  ])('%s', (_, wrong, message) => {
    const wronged = { ...options(), ...wrong() } as TrainOptions;
    const before = tf.memory().numTensors;
    let error: unknown;
    try {
      train(wronged);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toSatisfy((thrown) => thrown instanceof TypeError || thrown instanceof RangeError);
    expect((error as Error).message).toContain(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a run fails, saying why,', () => {
  const streamed = { microBatchSize: 4 };
  const { xs, ys } = classes(4);

  it.each<[string, () => Partial<TrainOptions>, string]>([
    [
      'at a loss that is no scalar',
      () => custom(({ xs }) => tf.square(xs as tf.Tensor)),
      'loss must return a scalar, not a tensor of shape [4, 6]: take its mean',
    ],
    [
      'at a loss that returns nothing',
      () => custom(() => undefined as never),
      'loss must return a scalar tensor, not undefined',
    ],
    [
      'at a loss of per-sample values',
      () => ({ loss: tf.metrics.meanSquaredError }),
      'loss must return a scalar, not a tensor of shape [4]',
    ],
    [
      'at a loss without a gradient',
      () => custom(({ xs }) => tf.mean(xs as tf.Tensor)),
      'loss depends on no trainable variable',
    ],
    [
      'at a batch of another shape',
      () => ({
        ...streamed,
        data: [
          { xs, ys },
          { xs: tf.zeros([4, 5]), ys },
        ],
      }),
      'data: xs must have the shape [any, 6], not [4, 5]',
    ],
    [
      'at a batch whose targets are fewer',
      () => ({ ...streamed, data: [{ xs, ys: tf.zeros([3, 3]) }] }),
      'xs and ys must have the same first dimension',
    ],
    [
      'at a batch without samples',
      () => ({ ...streamed, data: [{ xs: tf.zeros([0, 6]), ys: tf.zeros([0, 3]) }] }),
      'data is empty',
    ],
    [
      'at a batch that is none',
      () => ({ ...streamed, data: [[1, 2]] as never }),
      'data must hold tensors as xs and ys',
    ],
    [
      'at a batch whose samples are unknown',
      () => ({ ...streamed, ...custom(() => tf.scalar(1)), data: [{ text: 'a' }] as never }),
      'give train() the option samples(batch)',
    ],
    [
      'at a metric for each sample',
      () => measured(() => ({ error: tf.ones([4]) })),
      'model.metrics: error must be a scalar, not a tensor of shape [4]: take its mean',
    ],
    [
      'at a metric that is a number',
      () => measured(() => ({ error: 0.5 })),
      'model.metrics: error must be a scalar tensor, not 0.5',
    ],
    [
      'at metrics without names',
      () => measured(() => tf.scalar(1)),
      'model.metrics must return scalar tensors by name, not a tensor',
    ],
    [
      'at metrics that nobody waits for',
      () => measured(async () => ({ error: tf.scalar(1) })),
      'model.metrics must return scalar tensors by name, not a promise',
    ],
    [
      'at a sample weight below zero in a stream',
      () => ({ ...streamed, data: [{ xs, ys, sampleWeights: tf.tensor1d([3, -1, 1, 1]) }] }),
      'data: sampleWeights must be finite and not negative; number 1 of them is -1',
    ],
    [
      'at a sample weight of NaN in a stream',
      () => ({ ...streamed, data: [{ xs, ys, sampleWeights: tf.tensor1d([3, 1, Number.NaN, 1]) }] }),
      'data: sampleWeights must be finite and not negative; number 2 of them is NaN',
    ],
    [
      'at a sample weight below zero in validation',
      () => ({ validation: [{ xs, ys, sampleWeights: tf.tensor1d([3, 1, 1, -2]) }] }),
      'validation: sampleWeights must be finite and not negative; number 3 of them is -2',
    ],
    ['at a weight below zero', () => ({ weight: () => -1 }), 'weight must be a number that is not negative, not -1'],
    ['at data that has nothing', () => ({ ...streamed, data: () => [] }), 'data yielded no micro-batch in epoch 1'],
    [
      'at data that is exhausted',
      () => ({ ...streamed, data: once([{ xs, ys }]), epochs: 2 }),
      'data yielded no micro-batch in epoch 2: an iterable that can be read once?',
    ],
    [
      'at a function that returns no batches',
      () => ({ ...streamed, data: (() => 3) as never }),
      'data() must return an iterable, not 3',
    ],
    [
      'at validation that yields nothing',
      () => ({ validation: () => [].values() }),
      'validation yielded nothing to average in epoch 1',
    ],
    [
      'at validation that is no metrics',
      () => ({ validation: (() => 'good') as never }),
      'validation() must return batches or numbers by name, not "good"',
    ],
  ])('%s', async (_, wrong, message) => {
    const run = train({ ...options(), ...wrong() } as TrainOptions);
    const events = collect(run);
    await expect(run.done).rejects.toThrow(message);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed' });
  });

  /** Iterable again and again, with batches only the first time. */
  function once(batches: LabelledBatch[]): Iterable<LabelledBatch> {
    return { [Symbol.iterator]: () => batches.splice(0).values() };
  }
});

describe('a run tells', () => {
  it.each([
    ['carry', 2, 'carry', true],
    ['carry', 3, 'carry', false],
    ['drop', 3, 'drop', true],
    ['flush', 1, 'flush', false],
  ] as const)("under '%s' and %i epochs whether no step can ever happen", async (_, epochs, lastWindow, told) => {
    const run = train({
      ...options(),
      data: { ...classes(4), batchSize: 4 },
      epochs,
      accumulation: gradientAccumulation({ accumBatchSize: 12, lastWindow }),
    });
    const events = collect(run);
    await run.done;
    const codes = ofType(events, 'diagnostic').map(({ level, code }) => `${level} ${code}`);
    expect(codes).toEqual(told ? ['warn no-optimizer-step'] : []);
    expect(ofType(events, 'accumulated-batch').length === 0).toBe(told);
  });
});
