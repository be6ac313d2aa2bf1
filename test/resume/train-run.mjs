// A training with checkpoints and all three loggers, as a user would write it: started again after a kill, it goes on.
// The job comes as JSON on the command line: { backend, dir, every, wandb }. Sends each micro-batch's number to its parent.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gradientAccumulationSchedule, record } from '@microbatch/core';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { train } from '@microbatch/tfjs';
import { checkpointFolder } from '@microbatch/tfjs/checkpoints';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

const { backend, dir, every, wandb: wandbOptions } = JSON.parse(process.argv[2]);
tf.enableProdMode();
setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'));
await tf.setBackend(backend);

const init = (seed) => tf.initializers.glorotUniform({ seed });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [6], kernelInitializer: init(1) }),
    tf.layers.batchNormalization(),
    tf.layers.dropout({ rate: 0.25 }),
    tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: init(2) }),
  ],
});
const samples = (count, seed) => ({
  xs: tf.randomNormal([count, 6], 0, 1, 'float32', seed),
  ys: tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: count }, (_, at) => (at * 7 + seed) % 3),
        'int32',
      ),
      3,
    )
    .toFloat(),
});

const run = train({
  model,
  optimizer: tf.train.adam(0.01),
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  data: { ...samples(78, 1), batchSize: 4, seed: 5 },
  validation: samples(24, 2),
  epochs: 3,
  accumulation: gradientAccumulationSchedule({ startAccumBatchSize: 8, finalAccumBatchSize: 20, finish: 0.7 }),
  run: { name: 'killed', project: 'resume', config: { lr: 0.01 } },
  seed: 7,
  checkpoints: { store: checkpointFolder(join(dir, 'checkpoints')), every },
});
const receipts = record(
  run.events$,
  [
    tensorboard({ logDir: join(dir, 'tensorboard') }),
    wandb({ dir, quiet: true, saveGit: false, systemMetrics: false, ...wandbOptions }),
    journal({ dir: join(dir, 'journal') }),
  ],
  { onDiagnostic: ({ code, message }) => process.send?.({ code, message }) },
);
run.events$.subscribe({
  next(event) {
    if (event.type === 'micro-batch') process.send?.({ microStep: event.microStep });
    if (event.type === 'accumulated-batch' && event.step % 4 === 0) run.log({ 'own/step': event.step });
  },
  error() {},
});
await run.done;
const failed = (await receipts).some(({ errors, dropped }) => errors.length > 0 || Object.keys(dropped).length > 0);
process.exitCode = failed ? 1 : 0;
process.disconnect?.();
