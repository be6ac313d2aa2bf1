// Memory while 10,000,000 scalars are written: `npm run build && node --expose-gc bench/tensorboard-memory.mjs [--quick]`
import { SummaryWriter } from 'tensorboard-writer';
import { inNewFolder } from './loggers.mjs';
import { memoryGrowth } from './memory-growth.mjs';
import { report } from './rows.mjs';

const FROM = 500_000;
const TO = process.argv.includes('--quick') ? 2_000_000 : 10_000_000;
const SAMPLE_EVERY = 5_000;
const TAGS = Array.from({ length: 20 }, (_, index) => `train/metric_${index}`);

const memory = memoryGrowth();
await inNewFolder((logDir) => {
  const writer = new SummaryWriter(logDir);
  for (let index = 0; index < TO; index++) {
    if (index === FROM) memory.begin();
    else if (index > FROM && index % SAMPLE_EVERY === 0) memory.sample();
    writer.addScalar(TAGS[index % TAGS.length], index * 0.37, Math.floor(index / TAGS.length));
  }
  memory.end();
  writer.close();
});
report(memory.rows(`${(TO / 1e6).toFixed(0)} M scalars`, { peak: 16, heap: 1 }));
