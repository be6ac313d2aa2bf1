import { defineLogger, type Logger, type LoggerOptions } from '@microbatch/core/logger';
import { type JournalOptions, journalSink } from './journal-sink.js';

/** A logger that writes a journal. */
export interface JournalLogger extends Logger {
  /** The file of the latest run; absent before the first. */
  readonly path: string | undefined;
}

/**
 * Keeps the whole event stream as JSON Lines, one file a run, never over a file that is there; `readJournal` reads it.
 * Node only. Throws a `TypeError` for options that are wrong, and a `RangeError` for `maxQueued` or `timeoutMs`.
 */
export function journal(options: JournalOptions & LoggerOptions): JournalLogger {
  const { maxQueued, timeoutMs, ...rest } = options;
  const sink = journalSink(rest);
  return {
    ...defineLogger(sink, {
      ...(maxQueued === undefined ? {} : { maxQueued }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }),
    get path() {
      return sink.path;
    },
  };
}
