// What train() costs against a hand-written loop that also accumulates and reads each loss: wasm, micro-batches of 32,
// windows of 8, MLP 784-128-10, Adam; both on the same data. `npm run build && node bench/train.mjs [--quick]`
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gradientAccumulation } from '@microbatch/core';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { interleaved } from './interleaved.mjs';
import { pairRows, report } from './rows.mjs';
import { medianInterval, verdict } from './statistics.mjs';

const PAIRS = process.argv.includes('--quick') ? 3 : 80;
const [BATCH, WINDOW, MICRO_BATCHES] = [32, 8, 160];
const SAMPLES = BATCH * MICRO_BATCHES;

tf.enableProdMode();
setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'));
await tf.setBackend('wasm');

const xs = tf.randomUniform([SAMPLES, 784]);
const ys = tf.tidy(() => tf.oneHot(tf.randomUniform([SAMPLES], 0, 10, 'int32'), 10).toFloat());
const [inputs, targets] = [xs.dataSync(), ys.dataSync()];

function mlp() {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 128, activation: 'relu', inputShape: [784] }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
}

/** The least that someone would write who accumulates by hand and looks at each loss. */
async function byHand(model, optimizer) {
  const variables = model.trainableWeights.map((weight) => weight.read());
  const losses = [];
  let sums;
  for (let batch = 0; batch < MICRO_BATCHES; batch++) {
    const x = tf.tensor(inputs.slice(batch * BATCH * 784, (batch + 1) * BATCH * 784), [BATCH, 784]);
    const y = tf.tensor(targets.slice(batch * BATCH * 10, (batch + 1) * BATCH * 10), [BATCH, 10]);
    const loss = () => tf.mean(tf.metrics.categoricalCrossentropy(y, model.apply(x, { training: true })));
    const { value, grads } = tf.variableGrads(loss, variables);
    losses.push(value.dataSync()[0]);
    const before = sums;
    sums = tf.tidy(() =>
      variables.map(({ name }, index) => {
        const share = tf.mul(grads[name], 1 / WINDOW);
        return before === undefined ? share : tf.add(before[index], share);
      }),
    );
    tf.dispose([x, y, value, grads, before ?? []]);
    if ((batch + 1) % WINDOW === 0) {
      optimizer.applyGradients(variables.map(({ name }, index) => ({ name, tensor: sums[index] })));
      tf.dispose(sums);
      sums = undefined;
    }
    if (batch % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return losses.length;
}

async function byTrain(model, optimizer) {
  const run = train({
    model,
    optimizer,
    loss: 'categoricalCrossentropy',
    data: { xs, ys, batchSize: BATCH, shuffle: false },
    accumulation: gradientAccumulation({ accumBatchSize: BATCH * WINDOW }),
  });
  let losses = 0;
  run.events$.subscribe(({ type }) => {
    if (type === 'micro-batch') losses += 1;
  });
  await run.done;
  return losses;
}

function measured(way) {
  return async () => {
    const [model, optimizer] = [mlp(), tf.train.adam(1e-3)];
    const losses = await way(model, optimizer);
    if (losses !== MICRO_BATCHES) throw new Error(`${losses} losses, not ${MICRO_BATCHES}`);
    model.dispose();
    optimizer.dispose();
  };
}

const pairs = await interleaved(measured(byTrain), measured(byHand), PAIRS);
const LIMIT = 1.05;
const [ours, ...others] = pairRows(pairs, { a: '`train()`', b: 'A loop by hand', units: MICRO_BATCHES, limit: LIMIT });
const interval = medianInterval(pairs.map(({ a, b }) => a.clock / b.clock));
report([{ ...ours, ...verdict(interval, '≤', LIMIT) }, ...others]);
