import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../../src/index.js';
import '../backends.js';
import { classes, classifier } from '../fixtures.js';
import { bitsOf, latest, memoryStore } from './stores.js';

const BATCHES = 4;

/** A batch that depends on its place alone. */
function batch(epoch: number, at: number): LabelledBatch {
  return classes(4, 1 + epoch * BATCHES + at);
}

function* batches(epoch: number, count = BATCHES): Generator<LabelledBatch> {
  for (let at = 0; at < count; at++) yield batch(epoch, at);
}

/** The same rows in every process, in another order in each epoch. */
function shuffled(): tf.data.Dataset<tf.TensorContainer> {
  const rows = Array.from({ length: 16 }, (_, at) => ({
    xs: Array.from({ length: 6 }, (_, input) => Math.sin(at * 6 + input)),
    ys: [0, 1, 2].map((label) => Number(label === at % 3)),
  }));
  return tf.data.array(rows).shuffle(16, 'seed').batch(4) as tf.data.Dataset<tf.TensorContainer>;
}

function options(data: TrainOptions['data'], more: Partial<TrainOptions> = {}): TrainOptions {
  return {
    model: classifier(),
    optimizer: tf.train.adam(0.05),
    loss: 'categoricalCrossentropy',
    data,
    microBatchSize: 4,
    epochs: 2,
    accumulation: gradientAccumulation({ accumBatchSize: 12 }),
    ...more,
  } as TrainOptions;
}

describe('data of a run that goes on', () => {
  const whole = Array.from({ length: BATCHES }, (_, at) => batch(0, at));
  it.each<[string, () => TrainOptions['data'], Partial<TrainOptions>]>([
    ['a function of the epoch', () => (epoch) => batches(epoch), { disposeBatches: true }],
    [
      'an asynchronous one',
      () =>
        async function* (epoch) {
          yield* batches(epoch);
        },
      { disposeBatches: true, microBatchesPerEpoch: BATCHES },
    ],
    ['an array', () => whole, {}],
    ['a data set that shuffles', shuffled, {}],
  ])('begins at its place, anew where it can’t be sought: %s', async (_what, data, more) => {
    const unbroken = memoryStore();
    await train({ ...options(data(), more), checkpoints: { store: unbroken, every: { microBatches: 1 } } }).done;
    const tensors: number[] = [];
    for (const checkpoint of unbroken.kept) {
      const store = memoryStore([checkpoint]);
      const before = tf.memory().numTensors;
      await train({ ...options(data(), more), checkpoints: { store, every: { epochs: 9 } } }).done;
      tensors.push(tf.memory().numTensors - before);
      expect(bitsOf(latest(store))).toEqual(bitsOf(latest(unbroken)));
    }
    // The batches that are read in vain are given back.
    expect(new Set(tensors).size).toBe(1);
  });

  it('that ends before its place is told of, and the checkpoint stays', async () => {
    const store = memoryStore();
    const checkpoints = { store, every: { microBatches: 2 } };
    const more = { epochs: 1, disposeBatches: true };
    const run = train({ ...options(() => batches(0), more), checkpoints });
    run.events$.subscribe((event) => {
      if (event.type === 'micro-batch' && event.microStep === 3) run.stop();
    });
    await run.done;
    const kept = store.kept.length;
    const shorter = train({ ...options(() => batches(0, 1), more), checkpoints });
    await expect(shorter.done).rejects.toThrow(
      'data ended after 1 micro-batches of epoch 1, which goes on behind its first 3',
    );
    expect(store.kept).toHaveLength(kept);
  });

  it('can be stopped while it is read in vain', async () => {
    const store = memoryStore();
    const more = { epochs: 1, disposeBatches: true };
    const first = train({ ...options(() => batches(0), more), checkpoints: { store, every: { microBatches: 2 } } });
    first.events$.subscribe((event) => {
      if (event.type === 'micro-batch' && event.microStep === 3) first.stop();
    });
    await first.done;
    const { microStep } = latest(store).data;
    const endless = async function* () {
      yield batch(0, 0);
      second.stop();
      await new Promise(() => {});
    };
    const second = train({ ...options(endless, more), checkpoints: { store, every: { microBatches: 2 } } });
    expect((await second.done).outcome).toBe('stopped');
    expect(latest(store).data.microStep).toBe(microStep);
  });
});
