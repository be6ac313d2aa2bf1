import { gradientAccumulationSchedule, record } from '@microbatch/core';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { encode } from 'fast-png';
import { useBackend } from '../../examples/dist/mnist/backend.js';
import { readMnist } from '../../examples/dist/mnist/mnist-idx.js';
import { digitClassifier, digitTensors } from '../../examples/dist/mnist/model.js';

/** Trains a digit classifier that logs all there is to see: distributions, the digits it got most wrong, a table, a note. */
export async function digitsRun(dir, { samples, seed, learningRate, finalAccumBatchSize }) {
  await useBackend('wasm');
  const digits = readMnist();
  const model = digitClassifier(seed);
  const validation = { ...digitTensors(digits.test), batchSize: 1000 };
  const run = train({
    model,
    optimizer: tf.train.adam(learningRate),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: { ...digitTensors(digits.train, samples), batchSize: 32, seed },
    validation,
    epochs: 2,
    accumulation: gradientAccumulationSchedule({
      startAccumBatchSize: 32,
      finalAccumBatchSize,
      finish: 0.6,
    }),
    histograms: { every: 8 },
    clip: { globalNorm: 2 },
    measure: { noiseScale: true, times: true },
    run: {
      id: `digits-${seed}`,
      name: `digits lr ${learningRate} to ${finalAccumBatchSize}`,
      project: 'digits',
      config: { samples, seed, optimizer: 'adam', learningRate, finalAccumBatchSize },
    },
  });
  let steps = 0;
  run.events$.subscribe((event) => {
    if (event.type !== 'accumulated-batch' || ++steps % 20 !== 0) return;
    run.log(mistakes(model, validation, digits.test, event.step));
  });
  const loggers = [tensorboard({ logDir: dir }), wandb({ dir, mode: 'offline', quiet: true }), journal({ dir })];
  await record(run.events$, loggers);
  await run.done;
}

/** The test digit that is most surely another one, as a picture, and how each digit is read. */
function mistakes(model, { xs }, test, step) {
  const [count, size] = [1000, test.rows * test.columns];
  const predicted = tf.tidy(() => model.predict(xs.slice([0, 0], [count, size])).arraySync());
  const right = new Array(10).fill(0);
  const seen = new Array(10).fill(0);
  let worst = { sure: 0, index: 0, as: 0 };
  for (const [index, shares] of predicted.entries()) {
    const label = test.labels[index];
    const as = shares.indexOf(Math.max(...shares));
    seen[label] += 1;
    if (as === label) right[label] += 1;
    else if (shares[as] > worst.sure) worst = { sure: shares[as], index, as };
  }
  const { rows: height, columns: width } = test;
  const data = Uint8Array.from(test.pixels.subarray(worst.index * size, (worst.index + 1) * size));
  const caption = `a ${test.labels[worst.index]} read as ${worst.as}, ${(100 * worst.sure).toFixed(0)} % sure`;
  return {
    'test/worst': {
      kind: 'image',
      png: encode({ width, height, data, channels: 1, depth: 8 }),
      width,
      height,
      caption,
    },
    'test/by_digit': {
      kind: 'table',
      columns: ['digit', 'seen', 'right'],
      rows: seen.map((one, digit) => [digit, one, right[digit]]),
    },
    'test/note': `After step ${step}, ${right.reduce((sum, one) => sum + one)} of ${count} test digits are read right.`,
  };
}
