import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, weightsOf } from './fixtures.js';

const options = (optimizer: tf.Optimizer, model: tf.LayersModel = classifier()): TrainOptions => ({
  model,
  optimizer,
  loss: 'categoricalCrossentropy',
  data: { ...classes(16), batchSize: 4 },
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
});

onEachBackend(() => {
  describe('an optimizer', () => {
    it('is refused to a run while another trains with it, and is free when that one has ended', async () => {
      const optimizer = tf.train.adam(0.1);
      const model = classifier();
      const first = train({ ...options(optimizer, model), run: { id: 'first' } });
      const second = options(optimizer, model);
      const before = tf.memory().numTensors;
      expect(() => train(second)).toThrow(TypeError);
      expect(() => train(second)).toThrow('optimizer is used by the run first, which has not ended');
      expect(tf.memory().numTensors).toBe(before);
      const trained = weightsOf(model);
      await first.done;
      expect(weightsOf(model)).not.toEqual(trained);
      expect((await train(second).done).outcome).toBe('finished');
    });

    it.each<[string, Partial<TrainOptions>]>([
      ['failed', { validation: () => Promise.reject(new Error('no')) }],
      ['was stopped', { validation: () => new Promise<never>(() => {}) }],
    ])('is free when its run %s', async (how, changed) => {
      const optimizer = tf.train.momentum(0.1, 0.9);
      const model = classifier();
      const run = train({ ...options(optimizer, model), ...changed } as TrainOptions);
      if (how === 'was stopped') run.stop();
      await run.done.catch(() => {});
      expect((await train(options(optimizer, model)).done).outcome).toBe('finished');
    });

    it('is free where train() refused another option', () => {
      const optimizer = tf.train.adam(0.1);
      expect(() => train({ ...options(optimizer), epochs: 0 })).toThrow('epochs');
      expect(() => train(options(optimizer))).not.toThrow();
    });

    const optimizers: Record<string, () => tf.Optimizer> = {
      momentum: () => tf.train.momentum(0.1, 0.9),
      adagrad: () => tf.train.adagrad(0.1),
      adadelta: () => tf.train.adadelta(0.1),
      adam: () => tf.train.adam(0.1),
      adamax: () => tf.train.adamax(0.1),
      rmsprop: () => tf.train.rmsprop(0.1),
    };
    it.each(Object.keys(optimizers))('that learned of other variables is refused: %s', async (name) => {
      const optimizer = optimizers[name]!();
      await train({ ...options(optimizer), run: { id: 'before' } }).done;
      expect(() => train(options(optimizer))).toThrow(
        'optimizer holds what it learned of other variables in the run before: give this run a new one',
      );
    });

    it('that remembers nothing of variables serves one model after the other', async () => {
      const optimizer = tf.train.sgd(0.1);
      await train(options(optimizer)).done;
      expect((await train(options(optimizer)).done).outcome).toBe('finished');
      const unused = tf.train.adam(0.1);
      const given = options(unused);
      const run = train(given);
      run.stop();
      await run.done;
      expect((await train(options(unused)).done).outcome).toBe('finished');
    });
  });
});
