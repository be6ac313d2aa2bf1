import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents } from 'tensorboard-writer';
import type { ShownValue } from './shown-values.js';

/**
 * The values of a folder's event files that TensorBoard shows of a run that was resumed, by the rules of its two loaders.
 *
 * `slow` is tensorboard:backend/event_processing/event_accumulator.py, `_CheckForRestartAndMaybePurge`: at a session's START
 * all values from its step on are dropped. `fast` is tensorboard:data/server/run.rs with reservoir.rs, `StageReservoir`: at a
 * value whose step is not behind the tag's last, the tag's values from that step on are dropped.
 */
export async function loadedValues(folder: string, loader: 'slow' | 'fast'): Promise<readonly ShownValue[]> {
  let loaded: ShownValue[] = [];
  const files = readdirSync(folder).filter((name) => name.includes('tfevents'));
  for (const name of files.sort()) {
    for await (const event of readEvents(join(folder, name))) {
      const { step } = event;
      if (event.kind === 'session' && event.status === 'start' && loader === 'slow') {
        loaded = loaded.filter((value) => value.step < step);
      }
      if (event.kind !== 'summary') continue;
      for (const value of event.values) {
        const isStale = (before: ShownValue) => before.tag === value.tag && before.step >= step;
        if (loader === 'fast') loaded = loaded.filter((before) => !isStale(before));
        loaded.push({ ...value, step, wallTime: event.wallTime });
      }
    }
  }
  return loaded;
}
