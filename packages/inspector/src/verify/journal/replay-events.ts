import type { TrainEvent } from '@microbatch/core/logger';
import { readJournal } from '@microbatch/logger-journal';
import type { JournalPart } from './journal-part.js';

/** Hands out a journal's events once more, each once: of a repeated one, the first. */
export async function forEachEvent(
  { path, repeated, late }: JournalPart,
  take: (event: TrainEvent, isLate: boolean) => void,
): Promise<void> {
  let ordinal = -1;
  for await (const event of readJournal(path, { onDamage() {} })) {
    ordinal += 1;
    if (!repeated.has(ordinal)) take(event, late.has(ordinal));
  }
}
