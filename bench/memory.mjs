// Memory from the 100,000th to the 2,000,000th micro-batch, all three loggers, windows of 8, 3 metrics: how far the resident
// memory rises above where it stood, and what the heap holds after a collection.
// `npm run build && node --expose-gc bench/memory.mjs true|false [--quick]`: the value of logAccumBatch
import { allLoggers, inNewFolder } from './loggers.mjs';
import { recordedRun } from './recorded-run.mjs';
import { report } from './rows.mjs';

const logAccumBatch = process.argv[2] !== 'false';
const FROM = 100_000;
const TO = process.argv.includes('--quick') ? 300_000 : 2_000_000;
const SAMPLE_EVERY = 500;
const MIB = 2 ** 20;

const heap = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};
const before = {};
const after = {};
let peak = 0;

function onMicroBatch(count) {
  if (count === FROM) {
    before.heap = heap();
    before.resident = process.memoryUsage.rss();
    before.peak = process.resourceUsage().maxRSS * 1024;
  }
  if (count >= FROM && count % SAMPLE_EVERY === 0) peak = Math.max(peak, process.memoryUsage.rss());
  if (count === TO) {
    const highest = process.resourceUsage().maxRSS * 1024;
    // The system's own mark counts where it rose: samples can miss a short peak.
    if (highest > before.peak) peak = Math.max(peak, highest);
    after.heap = heap();
  }
}

await inNewFolder((folder) => recordedRun(TO, allLoggers(folder), { logAccumBatch, onMicroBatch }));

const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
const growth = peak - before.resident;
const drift = after.heap - before.heap;
const suffix = `\`logAccumBatch: ${logAccumBatch}\``;
report([
  {
    what: `Peak growth of resident memory, ${suffix}`,
    median: mib(growth),
    interval: `${mib(before.resident)} to ${mib(peak)}`,
    target: '≤ 64 MiB',
    met: growth <= 64 * MIB,
  },
  {
    what: `Heap after a forced collection, ${suffix}`,
    median: mib(drift),
    interval: `${mib(before.heap)} to ${mib(after.heap)}`,
    target: '± 4 MiB',
    met: Math.abs(drift) <= 4 * MIB,
  },
]);
