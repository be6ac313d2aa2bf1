import { gradientAccumulation, type TrainEvent } from '@microbatch/core';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { labelled, relativeError } from './labelled.js';

const MICRO = 8;
const WINDOW = 32;
const SAMPLES = 93;
const EPOCHS = 2;
const RATE = 0.1;
// The defaults of tf.layers.batchNormalization.
const MOMENTUM = 0.99;
const EPSILON = 1e-3;

function normalizedModel(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [6], kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
      tf.layers.batchNormalization(),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
}

/** The sizes of an epoch's ghost batches, by window. */
const windows = [
  [8, 8, 8, 8],
  [8, 8, 8, 8],
  [8, 8, 8, 5],
];

/**
 * Trains by the formulas of Ghost Batch Normalization (Hoffer et al. 2017, algorithm 1), without layers: each ghost batch
 * is normalized by its own mean and variance, and each step is that of the mean loss over the whole window.
 */
function trainGhost(initial: readonly tf.Tensor[], data: { xs: tf.Tensor; ys: tf.Tensor }): number[] {
  const [kernel, bias, gamma, beta, outKernel, outBias] = initial.slice(0, 6).map((tensor) => tf.variable(tensor));
  const variables = [kernel!, bias!, gamma!, beta!, outKernel!, outBias!];
  let [movingMean, movingVariance] = [initial[6]!, initial[7]!];

  const lossOf = (xs: tf.Tensor, ys: tf.Tensor): tf.Tensor => {
    const hidden = tf.add(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D), bias!);
    const { mean, variance } = tf.moments(hidden, 0);
    const normalized = tf.div(tf.sub(hidden, mean), tf.sqrt(tf.add(variance, EPSILON)));
    const scaled = tf.add(tf.mul(normalized, gamma!), beta!);
    const logits = tf.add(tf.matMul(scaled as tf.Tensor2D, outKernel as tf.Tensor2D), outBias!);
    movingMean = tf.keep(tf.add(tf.mul(movingMean, MOMENTUM), tf.mul(mean, 1 - MOMENTUM)));
    movingVariance = tf.keep(tf.add(tf.mul(movingVariance, MOMENTUM), tf.mul(variance, 1 - MOMENTUM)));
    return tf.neg(tf.sum(tf.mul(ys, tf.logSoftmax(logits))));
  };

  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    let from = 0;
    for (const ghosts of windows) {
      const seen = ghosts.reduce((sum, size) => sum + size, 0);
      const { grads } = tf.variableGrads(() => {
        const losses = ghosts.map((size) => {
          const at = from;
          from += size;
          return lossOf(data.xs.slice(at, size), data.ys.slice(at, size));
        });
        return tf.div(tf.addN(losses), seen) as tf.Scalar;
      }, variables);
      for (const variable of variables) variable.assign(tf.sub(variable, tf.mul(grads[variable.name]!, RATE)));
    }
  }
  return [...variables, movingMean, movingVariance].flatMap((tensor) => [...tensor.dataSync()]);
}

it('batch normalization trains as Ghost-BN of the micro-batch size, to its weights and moving statistics, said once', async () => {
  const model = normalizedModel();
  // Trainable ones first, the moving mean and variance last.
  const weights = () => [...model.trainableWeights, ...model.nonTrainableWeights].map((weight) => weight.read());
  const data = labelled(SAMPLES, [6], 1);
  const initial = weights().map((tensor) => tensor.clone());
  const flat = (tensors: readonly tf.Tensor[]) => tensors.flatMap((tensor) => [...tensor.dataSync()]);
  const ghost = trainGhost(initial, data);

  const run = train({
    model,
    optimizer: tf.train.sgd(RATE),
    loss: 'categoricalCrossentropy',
    data: { ...data, batchSize: MICRO, shuffle: false },
    epochs: EPOCHS,
    accumulation: gradientAccumulation({ accumBatchSize: WINDOW, lastWindow: 'flush' }),
  });
  const events: TrainEvent[] = [];
  run.events$.subscribe((event) => events.push(event));
  await run.done;

  const sizes = events.flatMap((event) => (event.type === 'accumulated-batch' ? [event.microBatches] : []));
  expect(sizes.map((lineage) => lineage.map(({ samples }) => samples))).toEqual([...windows, ...windows]);
  const trained = flat(weights());
  expect(relativeError(trained, ghost)).toBeLessThanOrEqual(1e-6);
  // The test could not fail if hardly anything had moved.
  expect(relativeError(trained, flat(initial))).toBeGreaterThan(0.05);

  const told = events.flatMap((event, at) => (event.type === 'diagnostic' ? [[at, event.code]] : []));
  expect(told).toEqual([[1, 'batch-norm-micro-batches']]);
});
