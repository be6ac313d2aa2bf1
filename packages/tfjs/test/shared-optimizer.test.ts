import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { accumulateGradients, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { memoryStore } from './checkpoint/stores.js';
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

    it('is free where train() refused a checkpoint', async () => {
      const store = memoryStore();
      await train({ ...options(tf.train.adam(0.1)), checkpoints: { store, every: { steps: 1 } } }).done;
      const momentum = tf.train.momentum(0.1, 0.9);
      const model = classifier();
      const given = { ...options(momentum, model), checkpoints: { store, every: { steps: 1 } } };
      expect(() => train(given)).toThrow('it is of "Adam", not Momentum');
      expect((await train(options(momentum, model)).done).outcome).toBe('finished');
    });

    describe('of accumulateGradients()', () => {
      const { xs, ys } = classes(16);
      const accumulation = gradientAccumulation({ accumBatchSize: 8 });
      const fit = (optimizer: tf.Optimizer, model: tf.LayersModel, others: tf.CustomCallbackArgs[] = []) => {
        const { withCallbacks, ...wrapped } = accumulateGradients(optimizer, accumulation, { run: { name: 'fit' } });
        model.compile({ optimizer: wrapped.optimizer, loss: 'categoricalCrossentropy' });
        return model.fit(xs, ys, { batchSize: 4, verbose: 0, callbacks: withCallbacks(...others) });
      };

      it('goes on with the model that it knows, and is refused another, whoever had it before', async () => {
        for (const before of [
          fit,
          (optimizer: tf.Optimizer, model: tf.LayersModel) => train(options(optimizer, model)).done,
        ]) {
          const optimizer = tf.train.adam(0.1);
          const [model, other] = [classifier(1), classifier(2)];
          await before(optimizer, model);
          await fit(optimizer, model);
          const untouched = weightsOf(other);
          await expect(fit(optimizer, other)).rejects.toThrow('optimizer holds what it learned of other variables');
          expect(() => train(options(optimizer, other))).toThrow('optimizer holds what it learned of other variables');
          expect(weightsOf(other)).toEqual(untouched);
          await train(options(optimizer, model)).done;
        }
      });

      it('is refused while a run has it, and free when that has ended', async () => {
        const optimizer = tf.train.momentum(0.1, 0.9);
        const model = classifier();
        const run = train({ ...options(optimizer, model), run: { id: 'first' } });
        await expect(fit(optimizer, model)).rejects.toThrow('optimizer is used by the run first, which has not ended');
        await run.done;
        const onBatchEnd = () => {
          expect(() => train(options(optimizer, model))).toThrow(
            /optimizer is used by the run .*, which has not ended/,
          );
        };
        await fit(optimizer, model, [{ onBatchEnd }]);
        const failing = () => {
          throw new Error('callback');
        };
        await expect(fit(optimizer, model, [{ onBatchEnd: failing }])).rejects.toThrow('callback');
        await train(options(optimizer, model)).done;
      });

      it('is refused to a loop without a list that comes to other variables', () => {
        const optimizer = tf.train.adam(0.1);
        const loop = () =>
          accumulateGradients(optimizer, gradientAccumulation({ accumBatchSize: 4, microBatchSize: 4 }));
        const [one, two] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
        const before = loop();
        before.optimizer.minimize(() => tf.square(one));
        expect(() => loop().optimizer.minimize(() => tf.square(one))).toThrow('which has not ended');
        before.end();
        expect(() => loop().optimizer.minimize(() => tf.square(two))).toThrow('learned of other variables');
        expect(two.dataSync()[0]).toBe(1);
        expect(() => loop().optimizer.minimize(() => tf.square(one))).not.toThrow();
        tf.dispose([one, two]);
      });
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
