import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, collect, ofType, relativeError } from './fixtures.js';
import { cut, fullBatch, variablesOf } from './full-batch.js';
import { NotingOptimizer } from './noting-optimizer.js';

/** A classifier whose penalties are as large as its loss. */
function penalized(): tf.Sequential {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  return tf.sequential({
    layers: [
      tf.layers.dense({
        units: 5,
        inputShape: [6],
        activation: 'tanh',
        kernelInitializer: init(1),
        biasInitializer: 'ones',
        kernelRegularizer: tf.regularizers.l1l2({ l1: 0.05, l2: 0.1 }),
        biasRegularizer: tf.regularizers.l2({ l2: 0.1 }),
      }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelInitializer: init(2),
        kernelRegularizer: tf.regularizers.l2({ l2: 0.2 }),
      }),
    ],
  });
}

/** `share` times the mean cross-entropy of samples, by weight, plus all penalties once. */
function penalizedLoss(
  model: tf.LayersModel,
  { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor },
  share = 1,
  weights?: number[],
) {
  const [first, bias, second] = variablesOf(model);
  return () => {
    const losses = tf.neg(tf.sum(tf.mul(ys, tf.log(model.apply(xs) as tf.Tensor)), 1));
    const each = tf.tensor1d(weights ?? Array.from({ length: xs.shape[0]! }, () => 1));
    const data = tf.mul(tf.div(tf.sum(tf.mul(losses, each)), tf.sum(each)), share);
    const squares = (tensor: tf.Tensor, factor: number) => tf.mul(tf.sum(tf.square(tensor)), factor);
    const penalties = [
      tf.mul(tf.sum(tf.abs(first!)), 0.05),
      squares(first!, 0.1),
      squares(bias!, 0.1),
      squares(second!, 0.2),
    ];
    return penalties.reduce((sum, penalty) => tf.add(sum, penalty), data as tf.Tensor);
  };
}

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  /** Trains batches of these sizes; gives each window's gradient and loss. */
  async function windowsOf(model: tf.LayersModel, sizes: number[], changed: Partial<TrainOptions>) {
    const samples = sizes.reduce((sum, size) => sum + size, 0);
    const optimizer = new NotingOptimizer();
    const run = train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: cut(classes(samples), sizes) as LabelledBatch[],
      ...changed,
    } as TrainOptions);
    const events = collect(run);
    await run.done;
    return ofType(events, 'accumulated-batch').map(({ loss }, at) => ({ loss, gradient: optimizer.noted[at]! }));
  }

  function expectWindow(
    actual: { loss: number; gradient: number[] } | undefined,
    model: tf.LayersModel,
    loss: () => tf.Tensor,
  ): void {
    const expected = fullBatch(loss, variablesOf(model));
    expect(relativeError(actual!.gradient, expected.gradient)).toBeLessThan(tolerance);
    expect(relativeError([actual!.loss], [expected.loss])).toBeLessThan(tolerance);
  }
  const part = (samples: number, from: number, size: number) => {
    const { xs, ys } = classes(samples);
    return { xs: tf.slice(xs, [from, 0], [size, -1]), ys: tf.slice(ys, [from, 0], [size, -1]) };
  };

  it('count once in a window that overshoots, and in one that is flushed', async () => {
    const model = penalized();
    const accumulation = gradientAccumulation({ accumBatchSize: 16, microBatchSize: 1, lastWindow: 'flush' });
    const windows = await windowsOf(model, [10, 10, 3, 2], { accumulation });
    expect(windows).toHaveLength(2);
    expectWindow(windows[0], model, penalizedLoss(model, part(25, 0, 20)));
    expectWindow(windows[1], model, penalizedLoss(model, part(25, 20, 5)));
  });

  it("count once where normalize 'target' divides by less than the window held, or carries it over an epoch's end", async () => {
    const model = penalized();
    const accumulation = gradientAccumulation({ accumBatchSize: 16, microBatchSize: 1, normalize: 'target' });
    const overshooting = await windowsOf(model, [10, 10], { accumulation });
    expect(overshooting).toHaveLength(1);
    expectWindow(overshooting[0], model, penalizedLoss(model, part(20, 0, 20), 20 / 16));

    const carried = await windowsOf(model, [10], { accumulation, epochs: 2 });
    expect(carried).toHaveLength(1);
    expectWindow(carried[0], model, penalizedLoss(model, part(10, 0, 10), 20 / 16));
  });

  it('count once beside micro-batches that weigh nothing, whatever the others weigh', async () => {
    const model = penalized();
    const weights = [0, 0, 0, 5, 0.5, 0, 0, 0, 0, 0, 0.25, 1];
    const { xs, ys } = classes(12);
    const windows = await windowsOf(model, [12], {
      data: cut({ xs, ys, sampleWeights: tf.tensor1d(weights) }, [3, 3, 1, 4, 1]) as LabelledBatch[],
      accumulation: gradientAccumulation({ accumBatchSize: 12, microBatchSize: 1 }),
    });
    expect(windows).toHaveLength(1);
    expectWindow(windows[0], model, penalizedLoss(model, { xs, ys }, 1, weights));
  });

  it('are told as part of the training loss, and are no part of the validation loss, as in fit', async () => {
    const data = classes(12);
    const fitted = penalized();
    fitted.compile({ optimizer: tf.train.sgd(0), loss: 'categoricalCrossentropy' });
    const { history: expected } = await fitted.fit(data.xs, data.ys, {
      validationData: [data.xs, data.ys],
      verbose: 0,
    });
    const { history } = await train({
      model: penalized(),
      optimizer: tf.train.sgd(0),
      loss: 'categoricalCrossentropy',
      data: { ...data, batchSize: 5 },
      validation: { ...data, batchSize: 5 },
      accumulation: gradientAccumulation({ accumBatchSize: 10 }),
    }).done;
    expect(history[0]!.train.loss).toBeCloseTo(expected.loss![0] as number, 5);
    expect(history[0]!.valid!.loss).toBeCloseTo(expected.val_loss![0] as number, 5);
    expect(history[0]!.train.loss! - history[0]!.valid!.loss!).toBeGreaterThan(1);
  });
});
