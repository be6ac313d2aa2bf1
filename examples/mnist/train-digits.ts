import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gradientAccumulationSchedule, record } from '@microbatch/core';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../shared/backend.js';
import { makeRunFolder, nameRunFolder } from '../shared/run-folder.js';
import { readMnist } from './mnist-idx.js';
import { digitClassifier, digitTensors } from './model.js';
import type { Options } from './options.js';
import { printProof } from './print-proof.js';
import { showProgress } from './progress.js';
import { proveRun } from './proof.js';
import { INTERRUPTED, stopOnInterrupt } from './stop-on-interrupt.js';

const MICRO_BATCH_SIZE = 32;

/** Trains a digit classifier, logs it, and proves from the files what was logged. Resolves with the exit code. */
export async function trainDigits(options: Options): Promise<number> {
  await useBackend(options.backend);
  const digits = readMnist(options.data);
  const { id, name, folder } = nameRunFolder(options.out, 'mnist');
  // Before anything is made or trained: a WANDB_* variable may hold what W&B does not take.
  const keptJournal = journal({ dir: folder });
  const loggers = [tensorboard({ logDir: folder }), wandb({ dir: folder, mode: 'offline', quiet: true }), keptJournal];
  makeRunFolder(options.out, folder);
  const { epochs, samples, seed, backend, logAccumBatch } = options;
  console.log(`Training on ${samples} digits with the ${backend} backend; logging to ${folder}`);

  const run = train({
    model: digitClassifier(seed),
    optimizer: tf.train.adam(3e-3),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: { ...digitTensors(digits.train, samples), batchSize: MICRO_BATCH_SIZE, seed },
    validation: { ...digitTensors(digits.test), batchSize: 1000 },
    epochs,
    accumulation: gradientAccumulationSchedule({ startAccumBatchSize: 32, finalAccumBatchSize: 256, logAccumBatch }),
    run: {
      id,
      name,
      project: 'microbatch-mnist',
      config: { samples, seed, backend, optimizer: 'adam', learningRate: 3e-3 },
    },
  });
  showProgress(run.events$);
  const interrupt = stopOnInterrupt(run);
  const receipts = await record(run.events$, loggers);
  await run.done;
  interrupt.release();

  const errors = receipts.flatMap((receipt) => receipt.errors);
  if (errors.length > 0) throw errors[0];
  const files = { tensorboard: folder, wandb: wandbFolder(folder), journal: keptJournal.path! };
  const proof = await proveRun(files);
  printProof(proof, files, options);
  if (proof.contradictions.length > 0) throw new Error(`the files disagree: ${proof.contradictions.join('; ')}`);
  return interrupt.interrupted ? INTERRUPTED : 0;
}

function wandbFolder(dir: string): string {
  const name = readdirSync(join(dir, 'wandb')).find((entry) => entry.startsWith('offline-run-'));
  return join(dir, 'wandb', name!);
}
