// Accumulating 8 × 32 samples against one batch of 256, both by train(): MLP 784-128-10, Adam; time in pairs, memory in a
// process for each. `npm run build && node bench/train-large-batch.mjs wasm|node [--quick]`
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { interleaved } from './interleaved.mjs';
import { pairRows, report } from './rows.mjs';
import { byTrain, digits, startBackend, withModel } from './training.mjs';

const backend = process.argv[2] === 'node' ? 'node' : 'wasm';
const quick = process.argv.includes('--quick');
const [SAMPLES, WINDOW] = [5120, 256];

/** What `bench/train-memory.mjs` measures of batches of this size. */
function memoryOf(batch) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('train-memory.mjs', import.meta.url)), [backend, String(batch)]);
    let measured;
    child.on('message', (message) => (measured = message));
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve(measured) : reject(new Error(`train-memory.mjs: exit code ${code}`)),
    );
  });
}

async function timeRows() {
  const data = digits(SAMPLES);
  const trained = (batch) =>
    withModel((model, optimizer) => byTrain(model, optimizer, data, { batch, window: WINDOW }), SAMPLES / batch);
  const pairs = await interleaved(trained(32), trained(WINDOW), quick ? 3 : 40);
  const names = { a: `8 × 32 accumulated on ${backend}, a step`, b: 'One batch of 256' };
  return pairRows(pairs, { ...names, units: SAMPLES / WINDOW });
}

/** Wasm's memory does not grow where making the data needed more of it than training does: no row tells of nothing. */
async function memoryRows() {
  const [small, large] = [await memoryOf(32), await memoryOf(WINDOW)];
  return [
    ['tensors', 'Peak bytes in tensors'],
    ['resident', 'Growth of the highest resident memory'],
  ]
    .filter(([key]) => large[key] > 0)
    .flatMap(([key, what]) => [
      { what: `${what}, 8 × 32`, median: mib(small[key]), ratio: (small[key] / large[key]).toFixed(2) },
      { what: `${what}, one batch of 256`, median: mib(large[key]), ratio: '1' },
    ]);
}

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

const skipped = await startBackend(backend);
report(
  skipped === undefined
    ? [...(await timeRows()), ...(await memoryRows())]
    : [{ what: `8 × 32 accumulated on ${backend}`, median: skipped }],
);
