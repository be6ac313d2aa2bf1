import { accumulate, record } from '@microbatch/core';
import { Subject } from 'rxjs';
import { microBatch, windowsOf8 } from './micro-batches.mjs';

/** How often a run lets the process's other work through, as training does. */
const YIELD_EVERY = 1000;

/**
 * Sends `count` micro-batches, windows of 8, through `accumulate()` and `record()` to the loggers, and resolves when all
 * of them have closed their files. `onMicroBatch` is told of each after it was recorded. Rejects where an event was lost.
 */
export async function recordedRun(count, loggers, { logAccumBatch, onMicroBatch }) {
  const { policy, plan } = windowsOf8(logAccumBatch, count);
  const source = new Subject();
  const recorded = record(source.pipe(accumulate(policy, plan, { id: 'bench', project: 'bench' })), loggers, {
    strict: true,
  });
  for (let at = 0; at < count; at += 1) {
    source.next(microBatch(at));
    onMicroBatch?.(at + 1);
    if (at % YIELD_EVERY === 0) await new Promise(setImmediate);
  }
  source.complete();
  for (const { logger, received, written } of await recorded) {
    if (written !== received) throw new Error(`${logger} wrote ${written} of ${received} events`);
  }
}
