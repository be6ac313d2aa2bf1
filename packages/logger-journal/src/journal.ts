import { defineLogger, type Logger } from '@microbatch/core/logger';
import { type JournalOptions, journalSink } from './journal-sink.js';

/** A logger that writes a journal. */
export interface JournalLogger extends Logger {
  /** The file of the latest run; absent before the first. */
  readonly path: string | undefined;
}

/**
 * Keeps the whole event stream as JSON Lines, one file a run, never over a file that is there; `readJournal` reads it.
 * Node only. Throws a `TypeError` for options that are wrong.
 */
export function journal(options: JournalOptions): JournalLogger {
  const sink = journalSink(options);
  return {
    ...defineLogger(sink),
    get path() {
      return sink.path;
    },
  };
}
