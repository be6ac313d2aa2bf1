import { gradientAccumulation } from '@microbatch/core';
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
