import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import './backends.js';
import { classes, classifier } from './fixtures.js';

const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0.1),
  loss: 'categoricalCrossentropy',
  data: { ...classes(16), batchSize: 4 },
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
});

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
      () => ({ model: { variables: [tf.variable(tf.ones([6, 3]))], loss: () => tf.scalar(1) }, loss: 'hinge' }),
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
