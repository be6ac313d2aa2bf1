// Memory while run.log writes 1,000,000 rows of 10 metrics, offline:
// `npm run build && node --expose-gc bench/wandb-memory.mjs [--quick]`
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startRun } from '@microbatch/logger-wandb';
import { inNewFolder } from './loggers.mjs';
import { memoryGrowth } from './memory-growth.mjs';
import { report } from './rows.mjs';
import { rowMaker } from './wandb-rows.mjs';

const [FROM, TO] = process.argv.includes('--quick') ? [10_000, 100_000] : [100_000, 1_000_000];
const SAMPLE_EVERY = 500;

const memory = memoryGrowth();
const makeRow = rowMaker(10);
await inNewFolder(async (dir) => {
  const run = await startRun({ mode: 'offline', quiet: true, project: 'bench', dir });
  for (let count = 1; count <= TO; count += 1) {
    run.log(makeRow());
    if (count === FROM) memory.begin();
    if (count % SAMPLE_EVERY !== 0) continue;
    if (count >= FROM) memory.sample();
    await nextTurn();
  }
  memory.end();
  await run.finish();
});
report(memory.rows(`${TO} rows of 10 metrics`, { peak: 64, heap: 4 }));
