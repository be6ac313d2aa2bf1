// Shows that accumulating 8 micro-batches of 32 trains a convolutional network as one batch of 256 does, in a fraction of
// the memory: the same digits, the same first weights, the same number of steps. The table at the end has both side by side.
import { gradientAccumulation } from '@microbatch/core';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { readMnist } from '../mnist/mnist-idx.js';
import { digitTensors } from '../mnist/model.js';
import { useBackend } from '../shared/backend.js';
import { exampleOptions } from '../shared/example-options.js';
import { optimizerSteps } from '../shared/optimizer-steps.js';
import { printTable } from '../shared/print-table.js';
import { watchMemory } from './watch-memory.js';

const BATCH = 256;
const { backend, short } = exampleOptions(
  'mnist-cnn',
  'Trains a CNN on digits by 8 micro-batches of 32, and by batches of 256.',
);

await useBackend(backend);
const digits = readMnist();
const samples = short ? 1024 : 12_288;
const trainOn = imagesOf(digitTensors(digits.train, samples));
const testOn = imagesOf(digitTensors(digits.test, short ? 500 : 2000));
console.log(`Training a CNN on ${samples} digits with the ${backend} backend, twice`);

const accumulated = await trainBy(32);
const whole = await trainBy(BATCH);
const distance = tf.tidy(() => {
  const [a, b] = [accumulated.weights, whole.weights];
  return tf.div(tf.norm(tf.sub(a, b)), tf.norm(b)).dataSync()[0]!;
});

console.log();
printTable(
  { micro: 0, steps: 0, 'first loss': 5, 'last loss': 5, 'test accuracy': 4, 'peak MiB': 1, seconds: 1 },
  [accumulated, whole].map(({ row }) => row),
);
console.log(`Relative distance of the trained weights: ${distance.toExponential(1)} (float32 sums in another order)`);

/** Trains the same model on batches of 256, cut into micro-batches of this size. */
async function trainBy(microBatchSize: number) {
  const model = digitsCnn();
  const memory = watchMemory();
  const began = performance.now();
  const run = train({
    model,
    optimizer: tf.train.momentum(0.05, 0.9),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: { ...trainOn, batchSize: microBatchSize, seed: 1 },
    validation: { ...testOn, batchSize: 250 },
    accumulation: gradientAccumulation({ accumBatchSize: BATCH }),
  });
  const steps = optimizerSteps(run.events$);
  const { history } = await run.done;
  return {
    weights: tf.tidy(() => tf.concat(model.getWeights().map((weight) => weight.flatten()))),
    row: {
      micro: microBatchSize,
      steps: steps.length,
      'first loss': steps[0]!.loss,
      'last loss': steps.at(-1)!.loss,
      'test accuracy': history.at(-1)!.valid!.accuracy!,
      'peak MiB': memory.stop() / 2 ** 20,
      seconds: (performance.now() - began) / 1000,
    },
  };
}

function digitsCnn(): tf.LayersModel {
  const init = (offset: number) => tf.initializers.glorotUniform({ seed: 1 + offset });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [28, 28, 1],
        filters: 8,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: init(0),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', kernelInitializer: init(1) }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, activation: 'softmax', kernelInitializer: init(2) }),
    ],
  });
}

function imagesOf({ xs, ys }: { xs: tf.Tensor2D; ys: tf.Tensor2D }): { xs: tf.Tensor; ys: tf.Tensor } {
  const images = xs.reshape([xs.shape[0], 28, 28, 1]);
  xs.dispose();
  return { xs: images, ys };
}
