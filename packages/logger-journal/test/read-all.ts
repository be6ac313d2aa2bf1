import type { TrainEvent } from '@microbatch/core/logger';
import { readJournal } from '../src/index.js';

/** Every event of a journal. */
export async function readAll(path: string): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of readJournal(path)) events.push(event);
  return events;
}
