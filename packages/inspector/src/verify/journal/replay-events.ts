import { LoggerError, type TrainEvent } from '@microbatch/core/logger';
import { readJournal } from '@microbatch/logger-journal';
import type { JournalPart } from './journal-part.js';

/**
 * Hands out a journal's events once more, each once: of a repeated one, the first. Where it can't be read any more, which its
 * audit has told or which has come since, that is all.
 */
export async function forEachEvent(
  { path, repeated, late }: JournalPart,
  take: (event: TrainEvent, isLate: boolean) => void,
): Promise<void> {
  let ordinal = -1;
  try {
    for await (const event of readJournal(path, { onDamage() {} })) {
      ordinal += 1;
      if (!repeated.has(ordinal)) take(event, late.has(ordinal));
    }
  } catch (error) {
    if (!(error instanceof LoggerError)) throw error;
  }
}
