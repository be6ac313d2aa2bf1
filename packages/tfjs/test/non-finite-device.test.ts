import { gradientAccumulation, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { type LabelledBatch, train } from '../src/index.js';
import { classes } from './fixtures.js';
import { useQueueingBackend } from './queueing-backend.js';
import { type Batch, disposeAll, rows, spoils, windowOf } from './spoilt-batches.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe('on a backend whose reads would stall', () => {
  const reads = useQueueingBackend();
  afterEach(() => tf.setBackend('cpu'));

  const shown = (events: readonly TrainEvent[]) =>
    events.filter(({ type }) => type !== 'run-start').map((event) => ({ ...event, time: 0 }));

  it.each(['skip', 'raise'] as const)("'%s' does the same, and waits once a window", async (nonFinite) => {
    for (const spoilt of spoils) {
      const on = async (backend: string) => {
        await tf.setBackend(backend);
        const batches: Batch[] = [{ xs: rows(4, 1) }, { xs: rows(2, 2), spoilt, by: -infinity }, { xs: rows(4, 3) }];
        Object.assign(reads, { synchronous: 0, waits: 0 });
        const noted = windowOf(batches, nonFinite);
        const result = await noted;
        disposeAll(batches);
        return result;
      };
      const expected = await on('cpu');
      const given = await on('queueing');
      expect(reads.waits).toBe(1);
      expect(given.values).toEqual(expected.values);
      // Variables have the names of their run.
      const places = ({ error, names }: typeof given) =>
        names.reduce((text, name, place) => text?.replace(`for ${name}`, `for ${place}`), error?.message);
      expect(places(given)).toBe(places(expected));
      if (nonFinite === 'skip') expect(shown(given.events)).toEqual(shown(expected.events));
    }
  });

  it('keeps the moving means of batch normalization from what is skipped', async () => {
    await tf.setBackend('queueing');
    const trained = tf.sequential({
      layers: [tf.layers.batchNormalization({ inputShape: [6] }), tf.layers.dense({ units: 3, activation: 'softmax' })],
    });
    const options = {
      model: trained,
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      data: [classes(8, 1), { xs: tf.fill([8, 6], nan), ys: classes(8, 3).ys }, classes(8, 2)],
      accumulation: gradientAccumulation({ accumBatchSize: 24 }),
      nonFinite: 'skip',
    } as const;
    const before = tf.memory().numTensors;
    await train(options).done;
    expect(tf.memory().numTensors).toBe(before);
    expect(trained.getWeights().every((weight) => [...weight.dataSync()].every(Number.isFinite))).toBe(true);
  });

  it('disposes what nobody will read after an error', async () => {
    await tf.setBackend('queueing');
    const kernel = tf.variable(tf.ones([6, 3]));
    let batches = 0;
    const options = {
      model: {
        variables: [kernel],
        loss({ xs }: LabelledBatch) {
          if (++batches === 3) throw new Error('forward');
          return tf.mean(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D));
        },
      },
      optimizer: tf.train.sgd(0.1),
      data: { ...classes(16), batchSize: 2 },
      accumulation: gradientAccumulation({ accumBatchSize: 8 }),
      nonFinite: 'skip',
    } as const;
    const before = tf.memory().numTensors;
    await expect(train<LabelledBatch>(options).done).rejects.toThrow('forward');
    expect(tf.memory().numTensors).toBe(before);
  });
});
