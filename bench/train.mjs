// What train() costs against a hand-written loop that also accumulates and reads each loss: micro-batches of 32, windows
// of 8, MLP 784-128-10, Adam; both on the same data. `npm run build && node bench/train.mjs wasm|node [--quick]`
import * as tf from '@tensorflow/tfjs';
import { interleaved } from './interleaved.mjs';
import { pairRows, report } from './rows.mjs';
import { medianInterval, verdict } from './statistics.mjs';
import { byTrain, digits, startBackend, withModel } from './training.mjs';

const backend = process.argv[2] === 'node' ? 'node' : 'wasm';
const PAIRS = process.argv.includes('--quick') ? 3 : 80;
const [BATCH, WINDOW, MICRO_BATCHES] = [32, 8, 160];
const LIMIT = 1.03;

/** The least that someone would write who accumulates by hand and looks at each loss. */
async function byHand(model, optimizer, inputs, targets) {
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

async function measure() {
  const skipped = await startBackend(backend);
  if (skipped !== undefined) return [{ what: `\`train()\` on ${backend}`, median: skipped }];
  const data = digits(BATCH * MICRO_BATCHES);
  const [inputs, targets] = [data.xs.dataSync(), data.ys.dataSync()];
  const trained = (model, optimizer) => byTrain(model, optimizer, data, { batch: BATCH, window: BATCH * WINDOW });
  const looped = (model, optimizer) => byHand(model, optimizer, inputs, targets);
  const pairs = await interleaved(withModel(trained, MICRO_BATCHES), withModel(looped, MICRO_BATCHES), PAIRS);
  const names = { a: `\`train()\` on ${backend}`, b: 'A loop by hand' };
  const [ours, ...others] = pairRows(pairs, { ...names, units: MICRO_BATCHES });
  const interval = medianInterval(pairs.map(({ a, b }) => a.clock / b.clock));
  return [{ ...ours, ...verdict(interval, '≤', LIMIT) }, ...others];
}

report(await measure());
