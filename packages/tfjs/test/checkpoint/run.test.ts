import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type RestoredState, type TrainRun, train } from '../../src/index.js';
import { onEachBackend } from '../backends.js';
import { classes, collect, ofType, weightsOf } from '../fixtures.js';
import { base, codes, every, stopAt } from './small-run.js';
import { bitsOf, latest, memoryStore } from './stores.js';

describe('a run with checkpoints', () => {
  it.each([
    [{ microBatches: 5 }, [0, 5, 10, 12]],
    [{ steps: 2 }, [0, 7, 12]],
    [{ epochs: 1 }, [0, 6, 12]],
    [{ epochs: 5 }, [0, 12]],
  ])('is saved at its beginning, after every %j, and at its end', async (interval, microSteps) => {
    const saved: number[] = [];
    const store = memoryStore();
    const write = store.write.bind(store);
    store.write = async (parts) => {
      await write(parts);
      saved.push(latest(store).data.microStep);
    };
    await train({ ...base(), checkpoints: { store, every: interval } }).done;
    expect([...new Set(saved)]).toEqual(microSteps);
    expect(latest(store).data).toMatchObject({ finished: true, microStep: 12, step: 3 });
  });

  it('that is stopped inside a window goes on inside it, under the same id, with the epochs of before', async () => {
    const unbroken = memoryStore();
    const whole = await train({ ...base(), checkpoints: { store: unbroken, every } }).done;
    const store = memoryStore();
    const checkpoints = { store, every: { epochs: 9 } };
    const first = stopAt(train({ ...base(), checkpoints }), 8);
    const told = collect(first);
    expect((await first.done).outcome).toBe('stopped');
    expect(ofType(told, 'discarded-window')).toMatchObject([{ reason: 'stopped', microBatches: [{ microStep: 8 }] }]);
    const second = train({ ...base(), checkpoints });
    const events = collect(second);
    const { history, outcome } = await second.done;
    expect(second.id).toBe(first.id);
    expect(outcome).toBe('finished');
    const means = (epochs: typeof history) => epochs.map(({ train, step }) => ({ train, step }));
    expect(means(history)).toEqual(means(whole.history));
    expect(ofType(events, 'run-start')[0]!.run.resumedAt).toEqual({ microStep: 8, step: 2, samples: 30 });
    expect(ofType(events, 'accumulated-batch')[0]).toMatchObject({
      step: 3,
      microBatches: [{ microStep: 8 }, { microStep: 9 }, { microStep: 10 }],
    });
    expect(bitsOf(latest(store))).toEqual(bitsOf(latest(unbroken)));
  });

  it('that is finished trains nothing when it is started again, and says so', async () => {
    const store = memoryStore();
    const first = base();
    await train({ ...first, checkpoints: { store, every } }).done;
    const written = store.kept.length;
    const again = base();
    const run = train({ ...again, checkpoints: { store, every } });
    const events = collect(run);
    const { history, outcome } = await run.done;
    expect([history.length, outcome]).toEqual([2, 'finished']);
    expect(codes(events)).toEqual(['checkpoint-finished']);
    expect(ofType(events, 'micro-batch')).toEqual([]);
    expect(weightsOf(again.model)).toEqual(weightsOf(first.model));
    expect(store.kept).toHaveLength(written);
  });

  it('gives state of the user’s own back, tensors among it', async () => {
    const store = memoryStore();
    const seen: unknown[] = [];
    const own = (count: { value: number }) => ({
      save: () => ({ data: { count: count.value, nan: Number.NaN }, tensors: { some: tf.scalar(count.value) } }),
      restore({ data, tensors }: RestoredState) {
        seen.push(data, [...tensors.some!.dataSync()]);
        tf.dispose({ ...tensors });
      },
    });
    const checkpoints = (value: number) => ({ store, every, state: { own: own({ value }) } });
    await stopAt(train({ ...base(), checkpoints: checkpoints(5) }), 3).done;
    await train({ ...base(), checkpoints: checkpoints(0) }).done;
    expect(seen).toEqual([{ count: 5, nan: Number.NaN }, [5]]);
  });

  it('saves an optimizer of one’s own by its own methods', async () => {
    class Decaying extends tf.SGDOptimizer {
      steps = 0;
      override applyGradients(gradients: Parameters<tf.SGDOptimizer['applyGradients']>[0]) {
        this.steps += 1;
        this.setLearningRate(0.1 / this.steps);
        super.applyGradients(gradients);
      }
      saveCheckpoint() {
        return { data: { steps: this.steps } };
      }
      restoreCheckpoint({ data }: RestoredState) {
        this.steps = (data as { steps: number }).steps;
      }
    }
    const unbroken = base({ optimizer: new Decaying(0.1) });
    await train(unbroken).done;
    const store = memoryStore();
    await stopAt(train({ ...base({ optimizer: new Decaying(0.1) }), checkpoints: { store, every } }), 7).done;
    const resumed = base({ optimizer: new Decaying(0.1) });
    await train({ ...resumed, checkpoints: { store, every } }).done;
    expect(weightsOf(resumed.model)).toEqual(weightsOf(unbroken.model));
  });

  it('keeps the learning rate that a handler has set, in another process and in this one', async () => {
    const lower = (run: TrainRun, optimizer: tf.Optimizer) => {
      run.events$.subscribe((event) => {
        if (event.type === 'accumulated-batch') (optimizer as tf.SGDOptimizer).setLearningRate(0.1 / (1 + event.step));
      });
      return run;
    };
    const unbroken = base();
    await lower(train(unbroken), unbroken.optimizer).done;
    for (const reuse of [false, true]) {
      const store = memoryStore();
      const first = base();
      await stopAt(lower(train({ ...first, checkpoints: { store, every } }), first.optimizer), 8).done;
      const second = reuse ? base({ optimizer: first.optimizer, model: first.model }) : base();
      await lower(train({ ...second, checkpoints: { store, every } }), second.optimizer).done;
      expect(weightsOf(second.model)).toEqual(weightsOf(unbroken.model));
    }
  });

  it('gives variables of every type back, whatever their order', async () => {
    const make = () => {
      const variables = [
        tf.variable(tf.tensor1d([1, 0, 1], 'bool'), false),
        tf.variable(tf.tensor1d([0.5, 2])),
        tf.variable(tf.tensor1d([7, -7], 'int32'), false),
        tf.variable(tf.tensor1d([true, false, false], 'bool'), false),
      ];
      return { variables, loss: () => tf.sum(tf.square(variables[1]!)) as tf.Scalar };
    };
    const store = memoryStore();
    const options = (model: ReturnType<typeof make>) => {
      const { loss: _, ...rest } = base() as object as { loss: unknown };
      return { ...rest, model, checkpoints: { store, every } } as never;
    };
    const first = make();
    await train(options(first)).done;
    const second = make();
    for (const variable of second.variables) variable.assign(tf.zerosLike(variable));
    await train(options(second)).done;
    const values = ({ variables }: typeof first) => variables.map((variable) => [...variable.dataSync()]);
    expect(values(second)).toEqual(values(first));
    expect(values(second).slice(2)).toEqual([
      [7, -7],
      [1, 0, 0],
    ]);
  });

  it('says that it was saved by another backend and version', async () => {
    const store = memoryStore();
    await stopAt(train({ ...base(), checkpoints: { store, every } }), 4).done;
    const { encodeCheckpoint } = await import('../../src/checkpoint/checkpoint-format.js');
    const content = latest(store);
    const other = { ...content, data: { ...content.data, backend: 'webgl', tfjs: '3.0.0' } };
    store.kept.push(new Uint8Array(Buffer.concat(encodeCheckpoint(other))));
    const run = train({ ...base(), checkpoints: { store, every } });
    const events = collect(run);
    await run.done;
    expect(codes(events)).toEqual(['checkpoint-resumed', 'checkpoint-other-backend', 'checkpoint-other-tfjs-core']);
  });
});

onEachBackend(() => {
  describe('a model that draws numbers', () => {
    const model = (seed?: number) =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units: 8, inputShape: [6], kernelInitializer: tf.initializers.ones() }),
          tf.layers.dropout({ rate: 0.5, ...(seed === undefined ? {} : { seed }) }),
          tf.layers.gaussianNoise({ stddev: seed === undefined ? 0.1 : 0 }),
          tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: tf.initializers.ones() }),
        ],
      });

    it('is the same run with the same seed, also when it goes on, and another with another', async () => {
      const weights = async (seed: number, stops: boolean) => {
        const store = memoryStore();
        const make = () => base({ model: model(), seed, checkpoints: { store, every } });
        if (stops) await stopAt(train(make()), 7).done;
        const options = make();
        await train(options).done;
        return weightsOf(options.model);
      };
      const { random } = Math;
      const [first, again, other] = [await weights(3, false), await weights(3, true), await weights(4, false)];
      expect(again).toEqual(first);
      expect(other).not.toEqual(first);
      expect(Math.random).toBe(random);
    });

    it('draws anew in each micro-batch', async () => {
      const store = memoryStore();
      const seen: number[] = [];
      const variable = tf.variable(tf.scalar(1));
      const loss = () => {
        seen.push(Math.random());
        return tf.square(variable) as tf.Scalar;
      };
      const { loss: _, ...rest } = base() as object as { loss: unknown };
      const options = { ...rest, model: { variables: [variable], loss }, seed: -5, checkpoints: { store, every } };
      await train(options as never).done;
      expect(new Set(seen).size).toBe(12);
      expect(seen.every((value) => value >= 0 && value < 1)).toBe(true);
    });

    it('without a seed can’t be repeated, which is told', async () => {
      const run = train({ ...base({ model: model() }), checkpoints: { store: memoryStore(), every } });
      const events = collect(run);
      await run.done;
      expect(codes(events)).toEqual(['checkpoint-random']);
    });
  });

  it('holds no tensor more than a run without checkpoints', async () => {
    const tensorsAfter = async (make: () => Promise<void>) => {
      await make();
      const before = tf.memory().numTensors;
      await make();
      return tf.memory().numTensors - before;
    };
    const data = classes(22);
    const options = () => base({ data: { ...data, batchSize: 4 }, optimizer: tf.train.adam(0.01) });
    const plain = await tensorsAfter(async () => {
      await train(options()).done;
    });
    const resumed = await tensorsAfter(async () => {
      const store = memoryStore();
      const first = options();
      await stopAt(train({ ...first, checkpoints: { store, every } }), 5).done;
      first.optimizer.dispose();
      first.model.dispose();
      await train({ ...options(), checkpoints: { store, every } }).done;
    });
    expect(resumed).toBe(plain);
  });
});

it('takes a seed that is a 32-bit integer', () => {
  expect(() => train({ ...base(), seed: 1.5 })).toThrow('seed must be a 32-bit integer, not 1.5');
});
