import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect } from './fixtures.js';
import { errors, options } from './weighted-fixtures.js';

onEachBackend((backend) => {
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
});
