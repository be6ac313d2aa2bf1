// Scalars a second over 20 tags to a closed event file, and back, beside the other writers and readers there are.
// `npm run build && node bench/tensorboard-scalars.mjs [--quick]`
import { join } from 'node:path';
import { readScalars, SummaryWriter } from 'tensorboard-writer';
import { inNewFolder } from './loggers.mjs';
import { findPythonWriters, findTfjsNode } from './other-writers.mjs';
import { comparedRows, report } from './rows.mjs';

const quick = process.argv.includes('--quick');
const SCALARS = 1_000_000;
// The others take so much longer that they do less: tfjs-node fewer rounds of more than a minute each, Python fewer scalars.
const [ROUNDS, TFJS_ROUNDS] = quick ? [2, 1] : [7, 2];
const [TFJS_SCALARS, PYTHON_SCALARS] = quick ? [100_000, 10_000] : [SCALARS, 20_000];
const TAGS = Array.from({ length: 20 }, (_, index) => `train/metric_${index}`);

function write(logDir, count) {
  const writer = new SummaryWriter(logDir);
  for (let index = 0; index < count; index++) {
    writer.addScalar(TAGS[index % TAGS.length], index * 0.37, Math.floor(index / TAGS.length));
  }
  writer.close();
}

async function rate(work) {
  const began = performance.now();
  await work();
  return (SCALARS / (performance.now() - began)) * 1000;
}

async function assertWritten(folder, count) {
  const { series } = await readScalars(folder);
  let found = 0;
  for (const { steps } of series.values()) found += steps.length;
  if (found !== count) throw new Error(`${found} of ${count} scalars were written`);
}

const tfjsNode = await findTfjsNode();
const python = await findPythonWriters();

function pythonWriter(what, name, target) {
  return { what, ...python, arguments: [name, PYTHON_SCALARS], rounds: ROUNDS, target, folder: '.', rates: [] };
}

const writers = [
  {
    what: "tfjs-node's native `summaryFileWriter`, `maxQueue` 10,000",
    ...tfjsNode,
    arguments: ['scalars', TFJS_SCALARS],
    rounds: TFJS_ROUNDS,
    target: 30,
    folder: 'measured',
    rates: [],
  },
  pythonWriter('tensorboardX, `max_queue` 10,000', 'tensorboardX', 100),
  pythonWriter("tensorboard's `EventFileWriter`", 'EventFileWriter', 100),
  pythonWriter('The same with a queue of 10,000 instead of 10', 'EventFileWriter-queue', 100),
];
const reader = { what: "tensorboard's `EventAccumulator`", ...python, target: 10, rates: [] };
const [writes, reads] = [[], []];

// The first rounds warm up.
for (let round = -2; round < ROUNDS; round += 1) {
  await inNewFolder(async (folder) => {
    const written = await rate(() => write(folder, SCALARS));
    const read = await rate(() => readScalars(folder));
    if (round < 0) return;
    writes.push(written);
    reads.push(read);
  });
  if (round < 0) continue;
  for (const writer of writers.filter(({ skipped, rounds }) => skipped === undefined && round < rounds)) {
    await inNewFolder(async (folder) => {
      const [kind, count] = writer.arguments;
      writer.rates.push(writer.run(kind, count, folder));
      await assertWritten(join(folder, writer.folder), count);
    });
  }
  if (reader.skipped === undefined) {
    await inNewFolder((folder) => {
      write(folder, PYTHON_SCALARS);
      reader.rates.push(reader.run('EventAccumulator', PYTHON_SCALARS, folder));
    });
  }
}

const format = (value) => `${(value / 1000).toFixed(1)} k scalars/s`;
report([
  ...comparedRows({ what: '`SummaryWriter`, written and closed', rates: writes }, writers, format),
  ...comparedRows({ what: '`readScalars`', rates: reads }, [reader], format),
]);
