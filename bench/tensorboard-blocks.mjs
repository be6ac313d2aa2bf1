// The longest time for which writing 1,000,000 scalars keeps the event loop from its next turn, where the program yields after
// each step of 20 scalars: `npm run build && node bench/tensorboard-blocks.mjs [--quick]`
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SummaryWriter } from 'tensorboard-writer';
import { inNewFolder } from './loggers.mjs';
import { report } from './rows.mjs';
import { median, summarize } from './statistics.mjs';

const [ROUNDS, STEPS] = process.argv.includes('--quick') ? [3, 10_000] : [9, 50_000];
const TAGS = Array.from({ length: 20 }, (_, index) => `train/metric_${index}`);

/** Milliseconds between turns of the event loop, while `step` is called in each of them. */
async function turns(step) {
  const taken = new Float64Array(STEPS);
  let began = performance.now();
  for (let index = 0; index < STEPS; index++) {
    step(index);
    await nextTurn();
    const now = performance.now();
    taken[index] = now - began;
    began = now;
  }
  return taken;
}

const longest = { written: [], idle: [], closing: [] };
const typical = [];
// The first round warms up.
for (let round = -1; round < ROUNDS; round += 1) {
  const idle = await turns(() => {});
  await inNewFolder(async (logDir) => {
    const writer = new SummaryWriter(logDir);
    const written = await turns((step) => {
      for (let index = 0; index < TAGS.length; index++) writer.addScalar(TAGS[index], step * 0.37 + index, step);
    });
    const began = performance.now();
    writer.close();
    const closing = performance.now() - began;
    if (round < 0) return;
    longest.written.push(Math.max(...written));
    longest.idle.push(Math.max(...idle));
    longest.closing.push(closing);
    typical.push(median([...written]));
  });
}

const milliseconds = (value) => `${value.toFixed(2)} ms`;
report([
  {
    what: `Longest turn of the event loop, of ${STEPS} that write 20 scalars each`,
    ...summarize(longest.written, milliseconds),
  },
  { what: 'Longest turn of as many that write nothing', ...summarize(longest.idle, milliseconds) },
  { what: 'Median turn of 20 scalars', ...summarize(typical, (value) => `${(value * 1000).toFixed(1)} µs`) },
  { what: '`close()`, with fsync', ...summarize(longest.closing, milliseconds) },
]);
