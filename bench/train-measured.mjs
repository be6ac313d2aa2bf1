// What each measurement of train() and clipping cost: micro-batches of 32, windows of 8, MLP 784-128-10, Adam, with and
// without it in turn. `npm run build && node bench/train-measured.mjs wasm|node [--quick]`
import { inRounds } from './interleaved.mjs';
import { ratioText, report } from './rows.mjs';
import { summarize } from './statistics.mjs';
import { byTrain, digits, startBackend, withModel } from './training.mjs';

const backend = process.argv[2] === 'node' ? 'node' : 'wasm';
const ROUNDS = process.argv.includes('--quick') ? 2 : 30;
const [BATCH, WINDOW, MICRO_BATCHES] = [32, 8, 80];

const variants = {
  'nothing measured': {},
  '`gradNorm`': { measure: { gradNorm: true } },
  '`noiseScale`': { measure: { noiseScale: true } },
  '`normTest`': { measure: { normTest: true } },
  '`times`': { measure: { times: true } },
  'all four': { measure: { gradNorm: true, noiseScale: true, normTest: true, times: true } },
  '`clip.globalNorm`': { clip: { globalNorm: 0.1 } },
  '`clip.norm`': { clip: { norm: 0.1 } },
  '`clip.value`': { clip: { value: 1e-3 } },
};

async function measure() {
  const skipped = await startBackend(backend);
  if (skipped !== undefined) return [{ what: `\`measure\` on ${backend}`, median: skipped }];
  const data = digits(BATCH * MICRO_BATCHES);
  const ways = Object.values(variants).map((options) =>
    withModel(
      (model, optimizer) => byTrain(model, optimizer, data, { batch: BATCH, window: BATCH * WINDOW, ...options }),
      MICRO_BATCHES,
    ),
  );
  const rounds = await inRounds(ways, ROUNDS);
  return Object.keys(variants).map((name, at) => {
    const perMicroBatch = rounds.map((round) => (round[at].clock / MICRO_BATCHES) * 1e3);
    const ratio = (kind) => ratioText(rounds.map((round) => round[at][kind] / round[0][kind]));
    return {
      what: `\`train()\` on ${backend}, ${name}`,
      ...summarize(perMicroBatch, (value) => `${value.toFixed(2)} ms`),
      ratio: at === 0 ? '1' : `${ratio('clock')}; processor ${ratio('processor')}`,
    };
  });
}

report(await measure());
