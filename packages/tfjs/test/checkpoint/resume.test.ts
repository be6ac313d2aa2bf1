import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type TrainOptions, train } from '../../src/index.js';
import { onEachBackend } from '../backends.js';
import { classes, classifier } from '../fixtures.js';
import { useQueueingBackend } from '../queueing-backend.js';
import { bitsOf, latest, memoryStore } from './stores.js';

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5, 0.9),
  adam: () => tf.train.adam(0.05, 0.7, 0.8),
  adamax: () => tf.train.adamax(0.05, 0.7, 0.8, undefined, 0.1),
  rmsprop: () => tf.train.rmsprop(0.01, 0.8, 0.5, undefined, true),
};

const data = () => ({ ...classes(27), batchSize: 4, seed: 3 });

function options(optimizer: tf.Optimizer): TrainOptions {
  return {
    model: classifier(),
    optimizer,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: data(),
    validation: { ...classes(12, 2) },
    epochs: 2,
    accumulation: gradientAccumulation({ accumBatchSize: 12 }),
    run: { id: 'resumed' },
  };
}

/**
 * Trains with a checkpoint after each micro-batch and epoch; then, from each of them, with fresh objects to the end.
 * The last checkpoint holds all weights and the optimizer's state, bit for bit.
 */
async function expectSameFromEverywhere(make: () => TrainOptions): Promise<void> {
  const unbroken = memoryStore();
  const { history, earlyStopping } = await train({
    ...make(),
    checkpoints: { store: unbroken, every: { microBatches: 1 } },
  }).done;
  const expected = bitsOf(latest(unbroken));
  expect(unbroken.kept.length).toBeGreaterThan(7);
  for (const checkpoint of unbroken.kept) {
    const store = memoryStore([checkpoint]);
    const result = await train({ ...make(), checkpoints: { store, every: { epochs: 100 } } }).done;
    expect(bitsOf(latest(store))).toEqual(expected);
    expect(latest(store).data.parts.noiseScale).toEqual(latest(unbroken).data.parts.noiseScale);
    expect(result.earlyStopping).toEqual(earlyStopping);
    const losses = (events: typeof history) =>
      events.map(({ train, valid, microStep }) => ({ train, valid, microStep }));
    expect(losses(result.history)).toEqual(losses(history));
    expect(result.outcome).toBe('finished');
  }
}

onEachBackend(() => {
  describe('a run that goes on from any micro-batch, with fresh objects,', () => {
    it.each(Object.entries(OPTIMIZERS))('has the bits of one that was never stopped: %s', async (_name, make) => {
      await expectSameFromEverywhere(() => options(make()));
    });

    it.each(['carry', 'flush', 'drop'] as const)('has them with lastWindow %s', async (lastWindow) => {
      const accumulation = gradientAccumulation({ accumBatchSize: 16, lastWindow });
      await expectSameFromEverywhere(() => ({ ...options(tf.train.adam(0.05)), accumulation }));
    });

    it('has them with all that happens around the step', async () => {
      const around: Partial<TrainOptions> = {
        clip: { globalNorm: 0.2 },
        learningRate: { by: 'epoch', rate: (epoch) => 0.1 / (1 + epoch) },
        weightDecay: 0.01,
        nonFinite: 'skip',
        measure: { noiseScale: true },
        accumulation: gradientAccumulation({ accumBatchSize: 16 }),
      };
      await expectSameFromEverywhere(() => ({ ...options(tf.train.momentum(0.1, 0.9)), ...around }) as TrainOptions);
    });

    it.each([true, false])('has them with early stopping, restoreBest %s', async (restoreBest) => {
      const earlyStopping = { monitor: 'valid.loss', patience: 2, restoreBest };
      const more = { epochs: 6, earlyStopping, data: { ...classes(16), batchSize: 4, seed: 3 } };
      await expectSameFromEverywhere(() => ({ ...options(tf.train.sgd(3)), ...more }) as TrainOptions);
    });

    it('has them under a schedule', async () => {
      const accumulation = gradientAccumulationSchedule({
        startAccumBatchSize: 4,
        finalAccumBatchSize: 16,
        finish: 0.8,
      });
      await expectSameFromEverywhere(() => ({ ...options(tf.train.adam(0.05)), accumulation }));
    });
  });
});

describe('on a backend whose losses are read once a window', () => {
  useQueueingBackend();
  it('a run that goes on inside a window has the same bits', async () => {
    await tf.setBackend('queueing');
    await expectSameFromEverywhere(() => options(tf.train.adam(0.05)));
  });
});
