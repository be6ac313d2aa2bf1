import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier } from './fixtures.js';

/** Optimizers make their state at the first step; this one has none. */
const sgd = tf.train.sgd;

function layersOptions(): TrainOptions {
  return {
    model: classifier(),
    optimizer: sgd(0.1),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: { ...classes(20), batchSize: 4 },
    validation: classes(10),
    epochs: 2,
    accumulation: gradientAccumulation({ accumBatchSize: 12 }),
  };
}

const streamed = { microBatchSize: 4, validation: () => ({ none: 0 }) };

onEachBackend(() => {
  const cases: Record<string, () => TrainOptions> = {
    'tensors in memory': layersOptions,
    'a window that is flushed': () => ({
      ...layersOptions(),
      accumulation: gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' }),
    }),
    'a window that is dropped': () => ({
      ...layersOptions(),
      data: { ...classes(21), batchSize: 4 },
      accumulation: gradientAccumulation({ accumBatchSize: 12, lastWindow: 'drop' }),
    }),
    'targets of rank 1': () => ({
      ...layersOptions(),
      loss: 'sparseCategoricalCrossentropy',
      data: { xs: tf.ones([8, 6]), ys: tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1]), batchSize: 4 },
      validation: { xs: tf.ones([8, 6]), ys: tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1]) },
    }),
    'a data set': () => {
      const { xs, ys } = classes(20);
      const rows = tf.data.zip({
        xs: tf.data.array(xs.arraySync()),
        ys: tf.data.array(ys.arraySync()),
      });
      return { ...layersOptions(), ...streamed, data: rows.batch(4) };
    },
    'an iterable that keeps its batches': () => {
      const { xs, ys } = classes(4);
      return {
        ...layersOptions(),
        ...streamed,
        data: [
          { xs, ys },
          { xs, ys },
          { xs, ys },
        ],
      };
    },
  };

  it.each(Object.keys(cases))('holds no tensor after a run on %s', async (name) => {
    const options = cases[name]!();
    const before = tf.memory().numTensors;
    await train(options).done;
    expect(tf.memory().numTensors).toBe(before);
  });

  it('disposes the batches of an iterable where it is told to, the one under way at a failure included', async () => {
    const options = layersOptions();
    const before = tf.memory().numTensors;
    const run = train({
      ...options,
      ...streamed,
      disposeBatches: true,
      *data() {
        for (let batch = 0; batch < 3; batch++) yield { xs: tf.ones([4, 6]), ys: tf.ones([4, 3]) };
        yield { xs: tf.ones([4, 7]), ys: tf.ones([4, 3]) };
      },
    });
    await expect(run.done).rejects.toThrow('xs must have the shape [any, 6], not [4, 7]');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('disposes a batch that comes after stop()', async () => {
    const options = layersOptions();
    let deliver = () => {};
    const delivered = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    const before = tf.memory().numTensors;
    let returned: () => void;
    const closed = new Promise<void>((resolve) => {
      returned = resolve;
    });
    const run = train({
      ...options,
      ...streamed,
      disposeBatches: true,
      async *data() {
        try {
          yield { xs: tf.ones([4, 6]), ys: tf.ones([4, 3]) };
          await delivered;
          yield { xs: tf.ones([4, 6]), ys: tf.ones([4, 3]) };
        } finally {
          returned();
        }
      },
    });
    run.events$.subscribe(({ type }) => {
      if (type === 'micro-batch') setImmediate(() => run.stop());
    });
    await run.done;
    deliver();
    await closed;
    expect(tf.memory().numTensors).toBe(before);
  });

  it('holds the same tensors at every window', async () => {
    const options = { ...layersOptions(), epochs: 60 };
    const run = train(options);
    const counts = new Set<number>();
    run.events$.subscribe(({ type }) => {
      if (type === 'accumulated-batch') counts.add(tf.memory().numTensors);
    });
    await run.done;
    expect(counts.size).toBe(1);
  });

  it('holds no tensor after stop() inside a window', async () => {
    const options = layersOptions();
    const before = tf.memory().numTensors;
    const run = train(options);
    run.events$.subscribe((event) => {
      if (event.type === 'micro-batch' && event.microStep === 4) run.stop();
    });
    await run.done;
    expect(tf.memory().numTensors).toBe(before);
  });

  const failures: Record<string, (kernel: tf.Variable) => (batch: LabelledBatch) => tf.Tensor> = {
    'an error in the forward pass': (kernel) => (batch) => {
      tf.tanh(tf.matMul(batch.xs as tf.Tensor2D, kernel as tf.Tensor2D));
      throw new Error('forward');
    },
    'a loss that is no scalar': (kernel) => (batch) =>
      tf.tanh(tf.matMul(batch.xs as tf.Tensor2D, kernel as tf.Tensor2D)),
    'an error in the backward pass': (kernel) => (batch) => {
      const broken = tf.customGrad((x) => ({
        value: tf.square(x as tf.Tensor),
        gradFunc: () => {
          throw new Error('backward');
        },
      }));
      return tf.mean(broken(tf.tanh(tf.matMul(batch.xs as tf.Tensor2D, kernel as tf.Tensor2D))));
    },
  };
  it.each(Object.keys(failures))('holds no tensor after %s', async (name) => {
    const kernel = tf.variable(tf.ones([6, 3]));
    let batches = 0;
    const fails = failures[name]!(kernel);
    const works = (batch: LabelledBatch) => tf.mean(tf.matMul(batch.xs as tf.Tensor2D, kernel as tf.Tensor2D));
    const data = { ...classes(8), batchSize: 4 };
    const optimizer = sgd(0.1);
    const before = tf.memory().numTensors;
    const run = train({
      model: { variables: [kernel], loss: (batch) => (++batches === 2 ? fails(batch) : works(batch)) },
      optimizer,
      data,
      accumulation: gradientAccumulation({ accumBatchSize: 12 }),
    });
    await expect(run.done).rejects.toThrow(/forward|backward|scalar/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
