import { gradientAccumulation, gradientAccumulationSchedule, memory, record } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { accumulateGradients } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { fitArgs as args, compiled, recordRun, typesOf } from './fit-fixtures.js';
import { classes, classifier, weightsOf } from './fixtures.js';

const policy = gradientAccumulation({ accumBatchSize: 12 });

type Loss = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor;
/** A fit that goes wrong in its fifth batch. Others' callbacks, besides what it is given. */
type Fit = (model: tf.Sequential, others: tf.CustomCallbackArgs[], callbacks: CallbacksOf) => Promise<unknown>;
type CallbacksOf = (others: tf.CustomCallbackArgs[]) => NonNullable<tf.ModelFitArgs['callbacks']>;

const works: Loss = (yTrue, yPred) => tf.mean(tf.squaredDifference(yTrue, yPred), -1);

/** `works` four times, and after that something else. */
function fifth(broken: Loss): Loss {
  let calls = 0;
  return (yTrue, yPred) => (++calls === 5 ? broken(yTrue, yPred) : works(yTrue, yPred));
}

const fitOn: Fit = (model, others, callbacks) => {
  const { xs, ys } = classes(32);
  return model.fit(xs, ys, args({ callbacks: callbacks(others) })).finally(() => tf.dispose([xs, ys]));
};

const FAILURES: Record<string, { loss?: () => Loss; fit?: Fit; says: string; told: string }> = {
  'the forward pass': {
    loss: () =>
      fifth(() => {
        throw new Error('forward');
      }),
    says: 'forward',
    told: 'forward',
  },
  'the backward pass': {
    loss: () =>
      fifth((yTrue, yPred) => {
        const broken = tf.customGrad((x) => ({
          value: tf.square(x as tf.Tensor),
          gradFunc: () => {
            throw new Error('backward');
          },
        }));
        return broken(tf.sub(yTrue, yPred));
      }),
    says: 'backward',
    told: 'backward',
  },
  "another callback's batch end": {
    fit: (model, others, callbacks) => {
      const onBatchEnd = (batch: number) => {
        if (batch === 4) throw new Error('callback');
      };
      return fitOn(model, [...others, { onBatchEnd }], callbacks);
    },
    says: 'callback',
    told: 'fit failed outside of the loss and its gradient; its promise tells the error',
  },
  'the data set': {
    fit: (model, others, callbacks) => {
      const generate = function* () {
        for (let batch = 0; batch < 5; batch++) yield { xs: tf.ones([4, 6]), ys: tf.ones([4, 3]) };
        throw new Error('data');
      };
      const dataset = tf.data.generator(generate as unknown as () => Iterator<tf.TensorContainer>);
      return model.fitDataset(dataset, { epochs: 1, verbose: 0, callbacks: callbacks(others) });
    },
    says: 'data',
    told: 'fit failed outside of the loss and its gradient; its promise tells the error',
  },
  validation: {
    fit: (model, others, callbacks) => {
      const generate = function* () {
        for (let batch = 0; batch < 5; batch++) yield { xs: tf.ones([4, 6]), ys: tf.ones([4, 3]) };
      };
      const dataset = tf.data.generator(generate as unknown as () => Iterator<tf.TensorContainer>);
      const validationData: tf.data.Dataset<tf.TensorContainer> = tf.data.generator((() => {
        throw new Error('validation');
      }) as () => Iterator<tf.TensorContainer>);
      const fit = { epochs: 1, verbose: 0 as const, callbacks: callbacks(others) };
      return model.fitDataset(dataset, { ...fit, validationData: validationData as never });
    },
    says: 'validation',
    told: 'fit failed outside of the loss and its gradient; its promise tells the error',
  },
};

onEachBackend(() => {
  describe.each(Object.keys(FAILURES))('a fit that fails in %s', (name) => {
    const { loss = () => works, fit = fitOn, says, told } = FAILURES[name]!;

    /** Tensors that a failing fit leaves behind. */
    async function leftBy(callbacksOf: (model: tf.Sequential) => CallbacksOf): Promise<number> {
      const model = classifier();
      const callbacks = callbacksOf(model);
      const before = tf.memory().numTensors;
      await expect(fit(model, [], callbacks)).rejects.toThrow(says);
      return tf.memory().numTensors - before;
    }

    it('ends its run as failed, discards the window, and leaves no tensor more than plain fit', async () => {
      const plain = await leftBy((model) => {
        model.compile({ optimizer: tf.train.sgd(0.1), loss: loss() });
        return (others) => others;
      });
      let run!: ReturnType<typeof recordRun>;
      const ours = await leftBy((model) => {
        const accumulation = accumulateGradients(tf.train.sgd(0.1), policy);
        model.compile({ optimizer: accumulation.optimizer, loss: loss() });
        run = recordRun(accumulation);
        return (others) => accumulation.withCallbacks(...others);
      });
      // Of a backward pass that fails, tfjs itself leaves what the forward pass saved for it.
      expect(ours).toBeLessThanOrEqual(plain);
      expect(typesOf(run.events).slice(-2)).toEqual(['discarded-window', 'run-end']);
      expect(run.events.at(-1)).toMatchObject({ outcome: 'failed', error: told });
      expect(run.completed).toBe(true);
    });

    it('lets its loggers go, and the next fit begins anew', async () => {
      const model = classifier();
      const accumulation = accumulateGradients(tf.train.sgd(0.1), policy);
      model.compile({ optimizer: accumulation.optimizer, loss: loss() });
      const receipts = record(accumulation.events$, [memory()], { onDiagnostic() {} });
      const callbacks: CallbacksOf = (others) => accumulation.withCallbacks(...others);
      await expect(fit(model, [], callbacks)).rejects.toThrow(says);
      expect(await receipts).toMatchObject([{ dropped: {}, errors: [] }]);

      const next = recordRun(accumulation);
      model.compile({ optimizer: accumulation.optimizer, loss: works });
      await fitOn(model, [], callbacks);
      expect(typesOf(next.events).slice(0, 5)).toEqual([
        'run-start',
        ...Array(3).fill('micro-batch'),
        'accumulated-batch',
      ]);
      expect(next.events.at(-1)).toMatchObject({ outcome: 'finished' });
    });
  });

  it('a micro-batch that was trained before fit failed is told, and the step that it made', async () => {
    const { xs, ys } = classes(32);
    const model = classifier();
    const accumulation = compiled(model, tf.train.sgd(0.1), policy, { metrics: ['accuracy'] });
    const { events } = recordRun(accumulation);
    const thrower = new tf.CustomCallback(
      {
        onBatchEnd: (batch) => {
          if (batch === 2) throw new Error('callback');
        },
      },
      'auto',
    );
    const before = weightsOf(model);
    const callbacks = [thrower, accumulation.callback];
    await expect(model.fit(xs, ys, args({ callbacks }))).rejects.toThrow('callback');
    expect(weightsOf(model)).not.toEqual(before);
    expect(typesOf(events)).toEqual(['run-start', ...Array(3).fill('micro-batch'), 'accumulated-batch', 'run-end']);
  });

  describe('who waits for the run of a fit that trains no batch is let go', () => {
    const { xs, ys } = classes(8);
    const fails = () => {
      throw new Error('callback');
    };
    type Given = ReturnType<typeof compiled> & { model: tf.Sequential };
    it.each<[string, (given: Given) => Promise<unknown>, string | undefined]>([
      [
        'by a policy that does not fit',
        ({ model, callback }) => fitWith(model, callback, { batchSize: 8 }),
        'multiple',
      ],
      [
        'by another callback',
        ({ model, withCallbacks }) => fitWith(model, withCallbacks({ onEpochBegin: fails })),
        'callback',
      ],
      [
        'by a model of another optimizer',
        ({ model, callback }) => {
          model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
          return fitWith(model, callback);
        },
        'another optimizer',
      ],
      [
        'for lack of epochs',
        ({ model, callback }) => fitWith(model, callback, { epochs: 2, initialEpoch: 2 }),
        undefined,
      ],
      [
        'for lack of data',
        ({ model, callback }) => {
          const dataset = tf.data.generator((() => [][Symbol.iterator]()) as () => Iterator<tf.TensorContainer>);
          return model.fitDataset(dataset, { epochs: 1, verbose: 0, callbacks: callback });
        },
        undefined,
      ],
      ['for lack of the callback', ({ model }) => fitWith(model, []), 'outside of a fit that has the callback'],
      [
        'by a callback that stands twice',
        ({ model, callback }) => fitWith(model, [callback, callback]),
        'stands twice',
      ],
      [
        'by a loop whose schedule lacks a length',
        async ({ optimizer }) => optimizer.minimize(() => tf.scalar(1)),
        'microBatchesPerEpoch is undefined',
      ],
    ])('%s', async (how, fit, message) => {
      const model = classifier();
      const schedule = gradientAccumulationSchedule({
        startAccumBatchSize: 4,
        finalAccumBatchSize: 8,
        microBatchSize: 4,
      });
      const given = { model, ...compiled(model, tf.train.sgd(0.1), how.includes('schedule') ? schedule : policy) };
      const receipts = record(given.events$, [memory()], { onDiagnostic() {} });
      const before = recordRun(given);
      const fitted = fit(given);
      if (message === undefined) await fitted;
      else await expect(fitted).rejects.toThrow(message);
      expect(await receipts).toMatchObject([{ received: 0, errors: [] }]);
      expect(before).toEqual({ events: [], completed: true });
    });

    function fitWith(model: tf.Sequential, callbacks: NonNullable<tf.ModelFitArgs['callbacks']>, more = {}) {
      return model.fit(xs, ys, args({ callbacks, ...more }));
    }
  });

  describe('no tensor is left', () => {
    it.each<[string, tf.ModelFitArgs, typeof policy]>([
      ['of a fit', { epochs: 2 }, policy],
      ['of a fit that flushes', { epochs: 2 }, gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' })],
      ['of a fit that drops', { epochs: 2 }, gradientAccumulation({ accumBatchSize: 12, lastWindow: 'drop' })],
      ['of a fit that validates', { epochs: 2, validationSplit: 0.2 }, policy],
      ['of a fit with class weights', { classWeight: { 0: 1, 1: 2, 2: 3 } }, policy],
    ])('%s', async (_, fit, policy) => {
      const { xs, ys } = classes(30);
      const model = classifier();
      const { callback } = compiled(model, tf.train.sgd(0.1), policy, { metrics: ['accuracy'] });
      const before = tf.memory().numTensors;
      await model.fit(xs, ys, args({ ...fit, callbacks: callback }));
      expect(tf.memory().numTensors).toBe(before);
    });

    it('of a fit that is stopped inside a window', async () => {
      const { xs, ys } = classes(30);
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.1), policy);
      const callbacks = accumulation.withCallbacks({
        onBatchEnd: (batch) => {
          if (batch === 1) model.stopTraining = true;
        },
      });
      const before = tf.memory().numTensors;
      await model.fit(xs, ys, args({ callbacks }));
      expect(tf.memory().numTensors).toBe(before);
    });

    it('from one window to the next', async () => {
      const { xs, ys } = classes(1200);
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.1), policy);
      const counts = new Set<number>();
      accumulation.events$.subscribe(({ type }) => {
        if (type === 'accumulated-batch') counts.add(tf.memory().numTensors);
      });
      // One epoch: the history keeps tensors for each.
      await model.fit(xs, ys, args({ callbacks: accumulation.callback }));
      expect(counts.size).toBe(1);
    });

    it('of an optimizer that is disposed', async () => {
      const { xs, ys } = classes(24);
      const model = classifier();
      const before = tf.memory().numTensors;
      const { optimizer, callback } = compiled(model, tf.train.adam(0.1), policy);
      await model.fit(xs, ys, args({ callbacks: callback }));
      expect(tf.memory().numTensors).toBeGreaterThan(before);
      optimizer.dispose();
      optimizer.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});
