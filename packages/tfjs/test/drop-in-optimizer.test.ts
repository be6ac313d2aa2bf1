import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { accumulateGradients } from '../src/index.js';
import './backends.js';
import { fitArgs as args, compiled, recordRun } from './fit-fixtures.js';
import { classes, classifier, ofType, weightsOf } from './fixtures.js';

const policy = gradientAccumulation({ accumBatchSize: 8 });

describe('an accumulating optimizer', () => {
  it('is the one that it accumulates for, in name, class, configuration and state', async () => {
    const { xs, ys } = classes(16);
    const adam = tf.train.adam(0.05, 0.8);
    const model = classifier();
    const { optimizer, callback } = compiled(model, adam, policy);
    expect(optimizer).toBeInstanceOf(tf.Optimizer);
    expect(optimizer).toBeInstanceOf(tf.AdamOptimizer);
    expect(optimizer.getClassName()).toBe('Adam');
    expect(optimizer.getConfig()).toEqual(adam.getConfig());
    await model.fit(xs, ys, args({ epochs: 2, callbacks: callback }));
    expect(optimizer.iterations).toBe(4);
    const [mine, theirs] = [await optimizer.getWeights(), await adam.getWeights()];
    const values = (weights: typeof mine) => weights.map(({ name, tensor }) => [name, [...tensor.dataSync()]]);
    expect(values(mine)).toEqual(values(theirs));
  });

  it('steps at the learning rate that is set on it', async () => {
    const { xs, ys } = classes(24);
    for (const make of [() => tf.train.sgd(0.1), () => tf.train.adam(0.1)]) {
      const model = classifier();
      const accumulation = compiled(model, make(), policy);
      const { events } = recordRun(accumulation);
      const settable = accumulation.optimizer as unknown as {
        learningRate: number;
        setLearningRate?: (rate: number) => void;
      };
      const set = (rate: number) => {
        if (settable.setLearningRate === undefined) settable.learningRate = rate;
        else settable.setLearningRate(rate);
      };
      const callbacks = accumulation.withCallbacks({
        onBatchBegin: (batch) => {
          if (batch === 2) set(0);
        },
      });
      let moved: number[] = [];
      accumulation.events$.subscribe((event) => {
        if (event.type === 'accumulated-batch' && event.step === 1) moved = weightsOf(model);
      });
      const before = weightsOf(model);
      await model.fit(xs, ys, args({ callbacks }));
      expect(moved).not.toEqual(before);
      expect(weightsOf(model)).toEqual(moved);
      expect(ofType(events, 'accumulated-batch').map(({ learningRate }) => learningRate)).toEqual([0.1, 0, 0]);
    }
  });

  it('works on the private fields of its class', () => {
    class Counting extends tf.SGDOptimizer {
      #steps = 0;
      get steps(): number {
        return this.#steps;
      }
      countedSteps(): number {
        return this.#steps;
      }
      override applyGradients(gradients: Parameters<tf.SGDOptimizer['applyGradients']>[0]): void {
        this.#steps += 1;
        super.applyGradients(gradients);
      }
    }
    const { optimizer } = accumulateGradients(new Counting(0.1), policy, { microBatchSize: 4 });
    const variable = tf.variable(tf.scalar(1));
    for (let batch = 0; batch < 5; batch += 1) optimizer.minimize(() => tf.square(variable), false, [variable]);
    const counting = optimizer as Counting;
    expect([counting.steps, counting.countedSteps(), counting.iterations]).toEqual([2, 2, 2]);
  });

  it('disposes what it was made of, once', () => {
    let disposed = 0;
    class Counting extends tf.SGDOptimizer {
      override dispose(): void {
        disposed += 1;
        super.dispose();
      }
    }
    const { optimizer } = accumulateGradients(new Counting(0.1), policy);
    optimizer.dispose();
    optimizer.dispose();
    expect(disposed).toBe(1);
  });

  it('is saved with its model, which another program loads and trains on as after plain fit', async () => {
    const { xs, ys } = classes(16);
    const saved = async (prepare: (model: tf.Sequential) => tf.ModelFitArgs) => {
      const model = classifier();
      await model.fit(xs, ys, args({ epochs: 2, ...prepare(model) }));
      let artifacts!: tf.io.ModelArtifacts;
      const handler = tf.io.withSaveHandler(async (given) => {
        artifacts = given;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      });
      await model.save(handler, { includeOptimizer: true });
      return artifacts;
    };
    const loss = 'categoricalCrossentropy';
    const plain = await saved((model) => {
      model.compile({ optimizer: tf.train.adam(0.05), loss });
      return {};
    });
    const ours = await saved((model) => {
      const oneEach = gradientAccumulation({ accumBatchSize: 4 });
      const { optimizer, callback } = accumulateGradients(tf.train.adam(0.05), oneEach);
      model.compile({ optimizer, loss });
      return { callbacks: callback };
    });
    expect(ours.trainingConfig).toEqual(plain.trainingConfig);
    const trainedOn = async (artifacts: tf.io.ModelArtifacts) => {
      const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
      await model.fit(xs, ys, args());
      return weightsOf(model);
    };
    expect(await trainedOn(ours)).toEqual(await trainedOn(plain));
  });

  it('goes on with a state that was loaded into it', async () => {
    const { xs, ys } = classes(16);
    const first = classifier();
    const { optimizer, callback } = compiled(first, tf.train.momentum(0.1, 0.9), policy);
    await first.fit(xs, ys, args({ callbacks: callback }));
    const state = (await optimizer.getWeights()).map(({ name, tensor }) => ({ name, tensor: tensor.clone() }));
    const second = classifier();
    second.setWeights(first.getWeights());
    const resumed = compiled(second, tf.train.momentum(0.1, 0.9), policy);
    await resumed.optimizer.setWeights(state);
    for (const [model, callbacks] of [
      [first, callback],
      [second, resumed.callback],
    ] as const) {
      await model.fit(xs, ys, args({ callbacks }));
    }
    expect(weightsOf(second)).toEqual(weightsOf(first));
  });
});

describe('withCallbacks', () => {
  it('mixes plain objects, early stopping and a callback of its own, each in its order', async () => {
    const { xs, ys } = classes(8);
    const model = classifier();
    const accumulation = compiled(model, tf.train.sgd(0), policy);
    const told: string[] = [];
    class Own extends tf.Callback {
      override async onEpochEnd(epoch: number): Promise<void> {
        told.push(`own ${epoch}`);
      }
    }
    const callbacks = accumulation.withCallbacks(
      { onEpochEnd: (epoch, logs) => void told.push(`plain ${epoch} ${typeof logs!.loss}`) },
      new Own() as tf.CustomCallbackArgs,
      tf.callbacks.earlyStopping({ monitor: 'loss', patience: 1 }) as tf.CustomCallbackArgs,
    );
    expect(callbacks[0]).toBe(accumulation.callback);
    await model.fit(xs, ys, args({ epochs: 5, callbacks }));
    expect(told).toEqual(['plain 0 number', 'own 0', 'plain 1 number', 'own 1']);
  });
});
