// Shows what the gradient noise scale tells: how large a batch is worth its samples. It is small while the gradient of a few
// digits points the way, and grows as the loss falls: then a larger batch pays, which is why accumulation schedules grow.
import { gradientAccumulation, record } from '@microbatch/core';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { readMnist } from '../mnist/mnist-idx.js';
import { digitClassifier, digitTensors } from '../mnist/model.js';
import { useBackend } from '../shared/backend.js';
import { exampleOptions } from '../shared/example-options.js';
import { optimizerSteps } from '../shared/optimizer-steps.js';
import { printTable } from '../shared/print-table.js';
import { makeRunFolder, nameRunFolder } from '../shared/run-folder.js';

const { backend, out, short } = exampleOptions(
  'noise-scale',
  'Measures the gradient noise scale while a classifier trains.',
);

await useBackend(backend);
const samples = short ? 2560 : 30_000;
const { id, name, folder } = nameRunFolder(out, 'noise-scale');
makeRunFolder(out, folder);
console.log(`Training on ${samples} digits with the ${backend} backend; logging to ${folder}`);

const run = train({
  model: digitClassifier(1),
  optimizer: tf.train.sgd(0.1),
  loss: 'categoricalCrossentropy',
  data: { ...digitTensors(readMnist().train, samples), batchSize: 16, seed: 1 },
  epochs: 2,
  accumulation: gradientAccumulation({ accumBatchSize: 128 }),
  measure: { gradNorm: true, noiseScale: true, normTest: true },
  run: { id, name, project: 'microbatch-noise-scale' },
});
const steps = optimizerSteps(run.events$);
await record(run.events$, [tensorboard({ logDir: folder }), wandb({ dir: folder, mode: 'offline', quiet: true })]);
await run.done;

console.log('\nMeans over each sixth of training; windows hold 8 micro-batches of 16 digits');
const sixth = Math.ceil(steps.length / 6);
printTable(
  { 'steps to': 0, loss: 3, '|gradient|': 3, 'noise scale': 0, 'norm-test ratio': 2 },
  Array.from({ length: 6 }, (_, at) => steps.slice(at * sixth, (at + 1) * sixth))
    .filter((part) => part.length > 0)
    .map((part) => ({
      'steps to': part.at(-1)!.step,
      loss: mean(part.map(({ loss }) => loss)),
      '|gradient|': mean(part.map(({ gradNorm }) => gradNorm!)),
      'noise scale': part.at(-1)!.gradientNoiseScale!,
      'norm-test ratio': mean(part.map(({ normTestRatio }) => normTestRatio!)),
    })),
);
console.log('The noise scale is in samples: batches far below it waste steps, batches far above it waste samples.');
console.log(`Look at it: tensorboard --logdir ${out}`);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
