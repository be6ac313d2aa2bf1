import type { TrainEvent } from '../logger/train-event.js';
import type { ReadBack } from './conformance-case.js';
import { recordedLosses } from './sample-run.js';

/** What a backend that keeps the events themselves shows. */
export function readEvents(events: readonly TrainEvent[]): ReadBack {
  const logged: Record<string, unknown[]> = {};
  for (const event of events) {
    if (event.type !== 'log') continue;
    for (const [key, value] of Object.entries(event.values)) {
      logged[key] ??= [];
      logged[key].push(value);
    }
  }
  return { losses: recordedLosses(events), logged };
}
