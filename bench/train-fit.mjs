// train() against model.fit: batches of 32, MLP 784-128-10, Adam, the same data, shuffled. Where each batch makes a step the
// work is the same; in windows of 8, train() steps an eighth as often.
// `npm run build && node bench/train-fit.mjs wasm|node [--quick]`
import { interleaved } from './interleaved.mjs';
import { pairRows, report } from './rows.mjs';
import { byTrain, digits, startBackend, withModel } from './training.mjs';

const backend = process.argv[2] === 'node' ? 'node' : 'wasm';
const PAIRS = process.argv.includes('--quick') ? 3 : 40;
const [BATCH, BATCHES] = [32, 160];

async function byFit(model, optimizer, { xs, ys }) {
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  let losses = 0;
  const callbacks = { onBatchEnd: () => (losses += 1) };
  await model.fit(xs, ys, { batchSize: BATCH, epochs: 1, verbose: 0, callbacks });
  return losses;
}

async function measure() {
  const skipped = await startBackend(backend);
  if (skipped !== undefined) return [{ what: `\`model.fit\` on ${backend}`, median: skipped }];
  const data = digits(BATCH * BATCHES);
  const fitted = withModel((model, optimizer) => byFit(model, optimizer, data), BATCHES);
  const rows = [];
  for (const [window, name] of [
    [1, 'a step for each batch'],
    [8, 'windows of 8'],
  ]) {
    const options = { batch: BATCH, window: BATCH * window };
    const trained = withModel(
      (model, optimizer) => byTrain(model, optimizer, { ...data, shuffle: true }, options),
      BATCHES,
    );
    const pairs = await interleaved(trained, fitted, PAIRS);
    const names = { a: `\`train()\` on ${backend}, ${name}`, b: '`model.fit`' };
    rows.push(...pairRows(pairs, { ...names, units: BATCHES }));
  }
  return rows;
}

report(await measure());
