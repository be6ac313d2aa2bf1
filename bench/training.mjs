import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gradientAccumulation } from '@microbatch/core';
import { loadTfjsNode } from '@microbatch/examples/tfjs-node';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

/** Makes TensorFlow.js compute on `'wasm'` or `'node'`. Resolves with why it can't, or nothing. */
export async function startBackend(name) {
  tf.enableProdMode();
  if (name === 'wasm') {
    setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'));
  } else {
    try {
      loadTfjsNode();
    } catch (error) {
      return `skipped: ${error.message}`;
    }
  }
  const backend = name === 'wasm' ? 'wasm' : 'tensorflow';
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js could not start ${backend}`);
  return undefined;
}

/** Random inputs of 784 numbers, and classes of 10, one-hot. */
export function digits(samples) {
  const xs = tf.randomUniform([samples, 784]);
  const ys = tf.tidy(() => tf.oneHot(tf.randomUniform([samples], 0, 10, 'int32'), 10).toFloat());
  return { xs, ys };
}

export function mlp() {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 128, activation: 'relu', inputShape: [784] }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
}

/** Gives `way` a model and an optimizer of its own, and checks that it saw `losses` losses. */
export function withModel(way, losses) {
  return async () => {
    const [model, optimizer] = [mlp(), tf.train.adam(1e-3)];
    const seen = await way(model, optimizer);
    if (seen !== losses) throw new Error(`${seen} losses, not ${losses}`);
    model.dispose();
    optimizer.dispose();
  };
}

/**
 * Trains with `train()`, an epoch by default: micro-batches of `batch` in windows of `window` samples. Resolves with how many
 * losses it told.
 */
export async function byTrain(model, optimizer, data, { batch, window, ...options }) {
  const run = train({
    model,
    optimizer,
    loss: 'categoricalCrossentropy',
    data: { shuffle: false, ...data, batchSize: batch },
    accumulation: gradientAccumulation({ accumBatchSize: window }),
    ...options,
  });
  let losses = 0;
  run.events$.subscribe(({ type }) => {
    if (type === 'micro-batch') losses += 1;
  });
  await run.done;
  return losses;
}
