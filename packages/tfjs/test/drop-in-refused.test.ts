import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type AccumulateGradientsOptions, accumulateGradients, train } from '../src/index.js';
import './backends.js';
import { fitArgs as args, compiled } from './fit-fixtures.js';
import { classes, classifier, weightsOf } from './fixtures.js';

const policy = gradientAccumulation({ accumBatchSize: 12 });

describe('refused with a clear error', () => {
  const { xs, ys } = classes(8);

  it('is a fit without the callback', async () => {
    const model = classifier();
    compiled(model, tf.train.sgd(0.1), policy);
    await expect(model.fit(xs, ys, args())).rejects.toThrow('outside of a fit that has the callback');
  });

  it('is a fit whose model has another optimizer', async () => {
    const model = classifier();
    const { callback } = compiled(classifier(), tf.train.sgd(0.1), policy);
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const fit = model.fit(xs, ys, args({ callbacks: callback }));
    await expect(fit).rejects.toThrow('the model is compiled with another optimizer');
  });

  it('is a second model that trains at the same time', async () => {
    const { optimizer, callback } = accumulateGradients(tf.train.sgd(0.1), policy);
    const fits = [classifier(1), classifier(2)].map((model) => {
      model.compile({ optimizer, loss: 'categoricalCrossentropy' });
      return model.fit(xs, ys, args({ callbacks: callback }));
    });
    const results = await Promise.allSettled(fits);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(String((results[1] as PromiseRejectedResult).reason)).toContain('another fit has this callback');
  });

  it('is a second model whose variables the state of the optimizer does not belong to', async () => {
    const fit = async (make: () => tf.Optimizer) => {
      const { optimizer, callback } = accumulateGradients(make(), gradientAccumulation({ accumBatchSize: 4 }));
      for (const model of [classifier(1), classifier(2)]) {
        model.compile({ optimizer, loss: 'categoricalCrossentropy' });
        await model.fit(xs, ys, args({ callbacks: callback }));
      }
    };
    await expect(fit(() => tf.train.adam(0.1))).rejects.toThrow('it keeps its state by the position of a variable');
    await expect(fit(() => tf.train.sgd(0.1))).resolves.toBeUndefined();
  });

  it('is a layer that is frozen or thawed between two fits', async () => {
    const model = classifier();
    const { optimizer, callback } = compiled(model, tf.train.adam(0.1), gradientAccumulation({ accumBatchSize: 4 }));
    await model.fit(xs, ys, args({ callbacks: callback }));
    model.layers[0]!.trainable = false;
    model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    const fit = model.fit(xs, ys, args({ callbacks: callback }));
    await expect(fit).rejects.toThrow('it is given 2 variables');
  });

  it('is a loss that makes a variable, which fit would never train', async () => {
    const model = classifier();
    const { optimizer, callback } = accumulateGradients(
      tf.train.adam(0.1),
      gradientAccumulation({ accumBatchSize: 4 }),
    );
    const made: tf.Variable[] = [];
    const loss = (yTrue: tf.Tensor, yPred: tf.Tensor) => {
      if (weightsOf(model).some((weight, at) => weight !== before[at])) made.push(tf.variable(tf.scalar(1)));
      return tf.mean(tf.squaredDifference(yTrue, yPred), -1);
    };
    model.compile({ optimizer, loss });
    const before = weightsOf(model);
    const fit = model.fit(xs, ys, args({ callbacks: callback }));
    await expect(fit).rejects.toThrow('the loss made variables during training');
    expect(made).toHaveLength(1);
    tf.dispose(made);
  });

  it('is a callback that tfjs wraps, behind a plain object', async () => {
    const model = classifier();
    const { callback } = compiled(model, tf.train.sgd(0.1), policy);
    const callbacks = [{ onEpochEnd() {} }, callback] as tf.CustomCallbackArgs[];
    await expect(model.fit(xs, ys, args({ callbacks }))).rejects.toThrow('give it withCallbacks(...)');
  });

  it('is a policy that does not fit the batches', async () => {
    const model = classifier();
    const { callback } = compiled(model, tf.train.sgd(0.1), gradientAccumulation({ accumBatchSize: 10 }));
    const fit = model.fit(xs, ys, args({ callbacks: callback }));
    await expect(fit).rejects.toThrow('accumBatchSize');
    const sized = classifier();
    const other = compiled(sized, tf.train.sgd(0.1), gradientAccumulation({ accumBatchSize: 16, microBatchSize: 8 }));
    const unfit = sized.fit(xs, ys, args({ callbacks: other.callback }));
    await expect(unfit).rejects.toThrow('microBatchSize is 4 in the plan and 8 in the policy');
  });

  it('is an optimizer that is disposed', async () => {
    const model = classifier();
    const { optimizer, callback, events$ } = compiled(model, tf.train.sgd(0.1), policy);
    let completed = false;
    events$.subscribe({ complete: () => (completed = true) });
    optimizer.dispose();
    expect(completed).toBe(true);
    await expect(model.fit(xs, ys, args({ callbacks: callback }))).rejects.toThrow('the optimizer is disposed');
    expect(() => optimizer.minimize(() => tf.scalar(1))).toThrow('minimize: the optimizer is disposed');
  });

  it('is an optimizer that accumulates already', () => {
    const { optimizer } = accumulateGradients(tf.train.sgd(0.1), policy);
    expect(() => accumulateGradients(optimizer, policy)).toThrow('optimizer accumulates already');
    const options = { model: classifier(), loss: 'categoricalCrossentropy', accumulation: policy } as const;
    const data = { xs, ys, batchSize: 4 };
    expect(() => train({ ...options, optimizer, data })).toThrow('optimizer accumulates already');
  });

  it.each<[string, unknown, unknown, unknown, string]>([
    ['no optimizer', undefined, policy, {}, 'optimizer must be a tf.Optimizer, not undefined'],
    ['the name of an optimizer', 'adam', policy, {}, 'optimizer must be a tf.Optimizer, not "adam"'],
    ['no policy', tf.train.sgd(1), undefined, {}, 'policy must be made by gradientAccumulation()'],
    ['a number as a policy', tf.train.sgd(1), 32, {}, 'policy must be made by gradientAccumulation()'],
    ['options of text', tf.train.sgd(1), policy, 'run', 'accumulateGradients must be an object, not "run"'],
    ['an unknown option', tf.train.sgd(1), policy, { epoch: 1 }, 'accumulateGradients: unknown option epoch (1)'],
    ['a run by name', tf.train.sgd(1), policy, { run: 'a' }, 'run must be an object or a function'],
    ['half a sample', tf.train.sgd(1), policy, { microBatchSize: 0.5 }, 'microBatchSize must be a positive integer'],
    [
      'no epochs',
      tf.train.sgd(1),
      policy,
      { microBatchSize: 4, epochs: 0 },
      'epochs must be a positive integer, not 0',
    ],
    [
      'samples by number',
      tf.train.sgd(1),
      policy,
      { microBatchSize: 4, samples: 4 },
      'samples must be a function, not 4',
    ],
    ['a weight without a size', tf.train.sgd(1), policy, { weight: () => 1 }, 'weight is for a loop of your own'],
    [
      "a weight with fastai's division",
      tf.train.sgd(1),
      gradientAccumulation({ normalize: 'target' }),
      { microBatchSize: 4, weight: () => 1 },
      "weight: normalize 'target' divides by samples",
    ],
  ])('%s', (_, optimizer, policy, options, message) => {
    const attempt = () =>
      accumulateGradients(optimizer as tf.Optimizer, policy as never, options as AccumulateGradientsOptions);
    expect(attempt).toThrow(message);
  });

  it('is a schedule in a loop of unknown length', () => {
    const schedule = gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 8 });
    const { optimizer } = accumulateGradients(tf.train.sgd(0.1), schedule, { microBatchSize: 4 });
    expect(() => optimizer.minimize(() => tf.scalar(1))).toThrow('microBatchesPerEpoch is undefined');
  });
});
