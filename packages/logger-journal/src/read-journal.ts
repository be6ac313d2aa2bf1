import { assertOptions, type LoggerError, type TrainEvent } from '@microbatch/core/logger';
import { isTornHeader, type JournalHeader, parseHeader, tornHeader } from './journal-header.js';
import { damagedLine, eventOfLine, journalLines, parseLine } from './journal-lines.js';

/** Where and why reading a journal stopped. */
export interface JournalEnd {
  /**
   * `run-end`: the run is over. `no-run-end`: the file ends behind a whole event, but the run goes on, or its process
   * was killed. `torn-line`: the same, and the last line is not whole; it was passed over. A file that is empty, or ends
   * inside its header, has a torn line and no events.
   */
  readonly reason: 'run-end' | 'no-run-end' | 'torn-line';
  /** Events that were read. */
  readonly events: number;
  /** Bytes from the file's beginning to the end of the last whole line. */
  readonly offset: number;
}

/** A journal's events, frozen, in order; each iteration reads the file anew. */
export interface JournalReader extends AsyncIterable<TrainEvent> {
  /** Reads the first line. Rejects as an iteration does, and (`not-a-journal`) where that line is not whole yet. */
  header(): Promise<JournalHeader>;
  /** How the latest finished iteration ended; absent before. */
  readonly end: JournalEnd | undefined;
}

/** How a journal is read. */
export interface ReadJournalOptions {
  /** Reads no line that ends behind this many bytes. */
  readonly until?: number;
  /** Told of each damaged line (`damaged-line`), which is then passed over: the others are still read. */
  readonly onDamage?: (error: LoggerError) => void;
}

/**
 * Reads a journal, also one that is being written or that a killed process left with a torn last line.
 * Iterating rejects with a `LoggerError`: `read-failed`, `not-a-journal`, `unknown-schema`, or, without `onDamage`,
 * `damaged-line` for a line before the last that can't be read, or that holds no event.
 * Throws a `TypeError` for wrong options.
 */
export function readJournal(path: string, options: ReadJournalOptions = {}): JournalReader {
  assertOptions('readJournal', options, ['until', 'onDamage']);
  const { until = Number.POSITIVE_INFINITY, onDamage = refuse } = options;
  let end: JournalEnd | undefined;

  async function* events(): AsyncGenerator<TrainEvent> {
    let lineNumber = 0;
    let count = 0;
    let offset = 0;
    // An empty file lacks the whole of its first line.
    let torn = true;
    let last: TrainEvent | undefined;
    reading: for await (const lines of journalLines(path)) {
      for (const { text, endOffset, isEnded } of lines) {
        if (endOffset > until) break reading;
        if (torn && lineNumber > 0) onDamage(damagedLine(path, lineNumber, 'it is no JSON'));
        lineNumber += 1;
        if (lineNumber === 1) {
          torn = !isEnded && isTornHeader(text);
          if (torn) continue;
          parseHeader(path, text);
        } else {
          const parsed = parseLine(text);
          torn = parsed === undefined;
          if (parsed === undefined) continue;
          const event = eventOrDamage(lineNumber, parsed.value);
          if (event !== undefined) {
            last = event;
            count += 1;
            yield event;
          }
        }
        offset = endOffset;
      }
    }
    const reason = last?.type === 'run-end' ? 'run-end' : 'no-run-end';
    end = Object.freeze({ reason: torn ? 'torn-line' : reason, events: count, offset });
  }

  function eventOrDamage(lineNumber: number, json: unknown): TrainEvent | undefined {
    try {
      return eventOfLine(path, lineNumber, json);
    } catch (error) {
      onDamage(error as LoggerError);
      return undefined;
    }
  }

  return {
    async header() {
      for await (const [line] of journalLines(path)) {
        if (line === undefined || (!line.isEnded && isTornHeader(line.text))) break;
        return parseHeader(path, line.text);
      }
      throw tornHeader(path);
    },
    get end() {
      return end;
    },
    [Symbol.asyncIterator]: events,
  };
}

function refuse(error: LoggerError): never {
  throw error;
}
