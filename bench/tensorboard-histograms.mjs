// Histograms of 1,000 values a second to a closed event file: `npm run build && node bench/tensorboard-histograms.mjs [--quick]`
import { SummaryWriter } from 'tensorboard-writer';
import { inNewFolder } from './loggers.mjs';
import { findTfjsNode } from './other-writers.mjs';
import { comparedRows, report } from './rows.mjs';

const quick = process.argv.includes('--quick');
const [ROUNDS, HISTOGRAMS, TFJS_HISTOGRAMS] = quick ? [2, 10_000, 1_000] : [9, 30_000, 5_000];
// The values of each histogram are those of tfjs-node-writer.cjs.
const arrays = Array.from({ length: 64 }, (_, seed) =>
  Float32Array.from({ length: 1000 }, (_, index) => Math.sin(index * 12.9898 + seed) * (1 + seed)),
);

function write(logDir, binning) {
  const began = performance.now();
  const writer = new SummaryWriter(logDir);
  for (let step = 0; step < HISTOGRAMS; step++) {
    writer.addHistogram('weights', arrays[step % arrays.length], step, { binning });
  }
  writer.close();
  return (HISTOGRAMS / (performance.now() - began)) * 1000;
}

const other = { what: "tfjs-node's native `summaryFileWriter`", ...(await findTfjsNode()), target: 10, rates: [] };
const ours = { tensorflow: [], pytorch: [] };
// The first rounds warm up.
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [binning, rates] of Object.entries(ours)) {
    const rate = await inNewFolder((folder) => write(folder, binning));
    if (round >= 0) rates.push(rate);
  }
  if (round < 0 || other.skipped !== undefined) continue;
  await inNewFolder((folder) => other.rates.push(other.run('histograms', TFJS_HISTOGRAMS, folder)));
}

const format = (value) => `${(value / 1000).toFixed(2)} k histograms/s`;
const bins = { tensorflow: "TensorFlow's 30 buckets", pytorch: "PyTorch's bins" };
report([
  ...comparedRows({ what: `\`addHistogram\`, ${bins.tensorflow}`, rates: ours.tensorflow }, [other], format),
  ...comparedRows({ what: `\`addHistogram\`, ${bins.pytorch}`, rates: ours.pytorch }, [], format),
]);
