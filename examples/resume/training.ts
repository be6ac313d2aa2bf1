// One process of a training that saves itself: it begins, or goes on where the one before it was killed.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { gradientAccumulation, record } from '@microbatch/core';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { train } from '@microbatch/tfjs';
import { checkpointFolder } from '@microbatch/tfjs/checkpoints';
import * as tf from '@tensorflow/tfjs';
import { readMnist } from '../mnist/mnist-idx.js';
import { digitClassifier, digitTensors } from '../mnist/model.js';
import { useBackend } from '../shared/backend.js';
import type { BackendName } from '../shared/backend-names.js';

/** What the process tells its parent: each micro-batch, and at the end the weights, hashed. */
export type TrainingMessage =
  | { readonly microStep: number; readonly weights?: undefined }
  | { readonly microStep?: undefined; readonly weights: string };

const [folder, backend, samples] = process.argv.slice(2) as [string, BackendName, string];
const tell = (message: TrainingMessage) => process.send!(message);

await useBackend(backend);
const model = digitClassifier(1);
const run = train({
  model,
  optimizer: tf.train.adam(3e-3),
  loss: 'categoricalCrossentropy',
  data: { ...digitTensors(readMnist().train, Number(samples)), batchSize: 32, seed: 1 },
  accumulation: gradientAccumulation({ accumBatchSize: 128 }),
  checkpoints: { store: checkpointFolder(join(folder, 'checkpoints')), every: { microBatches: 5 } },
  run: { project: 'microbatch-resume' },
});
run.events$.subscribe({
  next(event) {
    if (event.type === 'micro-batch') tell({ microStep: event.microStep });
  },
  error() {},
});
await record(run.events$, [tensorboard({ logDir: folder }), wandb({ dir: folder, mode: 'offline', quiet: true })]);
await run.done;

const hash = createHash('sha256');
for (const weight of model.getWeights()) hash.update(await weight.data());
tell({ weights: hash.digest('hex') });
process.disconnect();
