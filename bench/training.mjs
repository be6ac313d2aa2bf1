import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gradientAccumulation } from '@microbatch/core';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

const require = createRequire(import.meta.url);
const NATIVE = fileURLToPath(new URL('../.cache/tfjs-node/node_modules/@tensorflow/tfjs-node', import.meta.url));

/** Makes TensorFlow.js compute on `'wasm'`, `'node'` or `'cpu'`. Resolves with why it can't, or nothing. */
export async function startBackend(name) {
  tf.enableProdMode();
  if (name === 'node') {
    if (!existsSync(join(NATIVE, 'lib/napi-v8/tfjs_binding.node'))) return 'skipped: tfjs-node is not built here';
    // TensorFlow tells of its build on stderr otherwise.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
    require(NATIVE);
  }
  if (name === 'wasm') setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '/'));
  const known = { wasm: 'wasm', node: 'tensorflow', cpu: 'cpu' };
  if (!(await tf.setBackend(known[name]))) throw new Error(`${name}: TensorFlow.js could not start it`);
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

/** Trains an epoch with `train()`: micro-batches of `batch` in windows of `window` samples. Resolves with how many losses it told. */
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
