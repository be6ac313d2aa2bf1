import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LossName, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, largestError, ofType, weightsOf } from './fixtures.js';

const everyBatch = gradientAccumulation({ accumBatchSize: 8 });

onEachBackend((backend) => {
  describe('with windows of one micro-batch', () => {
    it('trains to the very weights of model.fit, with its losses and metrics', async () => {
      const [model, reference] = [classifier(), classifier()];
      const data = classes(40);
      reference.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
      const fitted = await reference.fit(data.xs, data.ys, {
        batchSize: 8,
        epochs: 3,
        shuffle: false,
        verbose: 0,
        validationData: [data.xs, data.ys],
      });

      const { history } = await train({
        model,
        optimizer: tf.train.adam(0.01),
        loss: 'categoricalCrossentropy',
        metrics: ['accuracy'],
        data: { ...data, batchSize: 8, shuffle: false },
        validation: { ...data, batchSize: 16 },
        epochs: 3,
        accumulation: everyBatch,
      }).done;

      expect(weightsOf(model)).toEqual(weightsOf(reference));
      const column = (name: string) => fitted.history[name] as number[];
      const close = (ours: (number | undefined)[], theirs: number[]) =>
        expect(largestError(ours as number[], theirs)).toBeLessThan(1e-6);
      close(
        history.map(({ train }) => train.loss),
        column('loss'),
      );
      close(
        history.map(({ train }) => train.accuracy),
        column('acc'),
      );
      close(
        history.map(({ valid }) => valid?.loss),
        column('val_loss'),
      );
      close(
        history.map(({ valid }) => valid?.accuracy),
        column('val_acc'),
      );
    });

    it('counts regularizers as model.fit does, in a sequential and in a functional model', async () => {
      const data = classes(16);
      for (const functional of [false, true]) {
        const make = () => {
          const layer = tf.layers.dense({
            units: 3,
            activation: 'softmax',
            inputShape: [6],
            kernelInitializer: 'ones',
            kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }),
          });
          if (!functional) return tf.sequential({ layers: [layer] });
          const input = tf.input({ shape: [6] });
          return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
        };
        const [model, reference] = [make(), make()];
        reference.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
        const fitted = await reference.fit(data.xs, data.ys, { batchSize: 8, shuffle: false, verbose: 0 });
        const run = train({
          model,
          optimizer: tf.train.sgd(0.1),
          loss: 'categoricalCrossentropy',
          data: { ...data, batchSize: 8, shuffle: false },
          accumulation: everyBatch,
        });
        const { history } = await run.done;
        expect(weightsOf(model)).toEqual(weightsOf(reference));
        expect(history[0]!.train.loss).toBeCloseTo(fitted.history.loss![0] as number, 5);
      }
    });
  });

  const losses: [LossName, 'one-hot' | 'index' | 'bits'][] = [
    ['categoricalCrossentropy', 'one-hot'],
    ['sparseCategoricalCrossentropy', 'index'],
    ['binaryCrossentropy', 'bits'],
    ['meanSquaredError', 'one-hot'],
    ['meanAbsoluteError', 'one-hot'],
    ['hinge', 'one-hot'],
    ['kullbackLeiblerDivergence', 'one-hot'],
  ];
  it.each(losses)("the loss '%s' and its accuracy are those of model.evaluate", async (loss, kind) => {
    const { xs, ys } = classes(24);
    const model = classifier();
    const targets = { 'one-hot': ys, bits: ys, index: tf.argMax(ys, 1).toFloat() }[kind];
    model.compile({ optimizer: 'sgd', loss, metrics: ['accuracy'] });
    const [expectedLoss, expectedAccuracy] = (model.evaluate(xs, targets) as tf.Scalar[]).map(
      (one) => one.dataSync()[0]!,
    );
    const { history } = await train({
      model,
      optimizer: tf.train.sgd(0),
      loss,
      metrics: ['accuracy', 'mae'].slice(0, kind === 'index' ? 1 : 2),
      data: { xs, ys: targets, batchSize: 24 },
      validation: { xs, ys: targets },
      accumulation: gradientAccumulation({ accumBatchSize: 24 }),
    }).done;
    const { train: trained, valid } = history[0]!;
    for (const values of [trained, valid!]) {
      expect(values.loss).toBeCloseTo(expectedLoss!, 5);
      expect(values.accuracy).toBeCloseTo(expectedAccuracy!, 5);
    }
  });

  it('reads a metric from the forward pass that the loss came from', async () => {
    const model = classifier();
    let passes = 0;
    const call = model.layers[0]!.call.bind(model.layers[0]!);
    model.layers[0]!.call = (inputs, kwargs) => {
      passes += 1;
      return call(inputs, kwargs);
    };
    const run = train({
      model,
      optimizer: tf.train.sgd(0.1),
      loss: (yTrue, yPred) => tf.mean(tf.squaredDifference(yTrue, yPred)),
      metrics: [
        'accuracy',
        'recall',
        function highest(_, yPred) {
          return tf.max(yPred, 1);
        },
      ],
      data: { ...classes(16), batchSize: 4 },
      accumulation: everyBatch,
    });
    const events = collect(run);
    await run.done;
    expect(passes).toBe(4);
    const [first] = ofType(events, 'micro-batch');
    expect(Object.keys(first!.metrics)).toEqual(['accuracy', 'recall', 'highest']);
  });

  it('keeps dropout active in training and off in validation', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dropout({ rate: 0.5, inputShape: [4] }),
        tf.layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
      ],
    });
    const data = { xs: tf.ones([64, 4]), ys: tf.fill([64, 1], 4) };
    const { history } = await train({
      model,
      optimizer: tf.train.sgd(0),
      loss: 'meanSquaredError',
      data: { ...data, batchSize: 8 },
      validation: data,
      accumulation: everyBatch,
    }).done;
    expect(history[0]!.valid!.loss).toBe(0);
    expect(history[0]!.train.loss).toBeGreaterThan(1);
  });

  it('takes several inputs, by position or by name', async () => {
    const inputs = [
      tf.input({ shape: [2], name: `left-${backend}` }),
      tf.input({ shape: [3], name: `right-${backend}` }),
    ];
    const joined = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
    const outputs = tf.layers.dense({ units: 1, kernelInitializer: 'ones' }).apply(joined) as tf.SymbolicTensor;
    const model = tf.model({ inputs, outputs });
    const [left, right, ys] = [tf.ones([8, 2]), tf.fill([8, 3], 2), tf.zeros([8, 1])];
    for (const xs of [[left, right], { [`right-${backend}`]: right, [`left-${backend}`]: left }]) {
      const run = train({
        model,
        optimizer: tf.train.sgd(0),
        loss: 'meanSquaredError',
        data: { xs, ys, batchSize: 4 },
        accumulation: everyBatch,
      });
      expect((await run.done).history[0]!.train.loss).toBeCloseTo(64, 4);
    }
  });

  it('leaves the model uncompiled, and the names of later layers as they would be', async () => {
    const model = classifier();
    const before = tf.layers.activation({ activation: 'relu' }).name;
    await train({
      model,
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      metrics: ['accuracy'],
      data: { ...classes(8), batchSize: 8 },
      accumulation: everyBatch,
    }).done;
    expect(model.optimizer).toBeUndefined();
    const serial = (name: string) => Number(/\d+$/.exec(name)![0]);
    expect(serial(tf.layers.activation({ activation: 'relu' }).name)).toBe(serial(before) + 1);
  });

  it('leaves frozen layers as they are', async () => {
    const model = classifier();
    model.layers[0]!.trainable = false;
    const frozen = model.layers[0]!.getWeights().flatMap((weight) => [...weight.dataSync()]);
    await train({
      model,
      optimizer: tf.train.adam(0.1),
      loss: 'categoricalCrossentropy',
      data: { ...classes(8), batchSize: 4 },
      accumulation: everyBatch,
    }).done;
    expect(model.layers[0]!.getWeights().flatMap((weight) => [...weight.dataSync()])).toEqual(frozen);
  });
});
