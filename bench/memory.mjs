// Memory from the 100,000th to the 2,000,000th micro-batch, all three loggers, windows of 8, 3 metrics.
// `npm run build && node --expose-gc bench/memory.mjs true|false [--quick]`: the value of logAccumBatch
import { allLoggers, inNewFolder } from './loggers.mjs';
import { memoryGrowth } from './memory-growth.mjs';
import { recordedRun } from './recorded-run.mjs';
import { report } from './rows.mjs';

const logAccumBatch = process.argv[2] !== 'false';
const FROM = 100_000;
const TO = process.argv.includes('--quick') ? 300_000 : 2_000_000;
const SAMPLE_EVERY = 500;

const memory = memoryGrowth();

function onMicroBatch(count) {
  if (count === FROM) memory.begin();
  if (count >= FROM && count % SAMPLE_EVERY === 0) memory.sample();
  if (count === TO) memory.end();
}

await inNewFolder((folder) => recordedRun(TO, allLoggers(folder), { logAccumBatch, onMicroBatch }));
report(memory.rows(`\`logAccumBatch: ${logAccumBatch}\``, { peak: 64, heap: 4 }));
