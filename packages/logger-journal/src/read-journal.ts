import { eventFromJson, LoggerError, type TrainEvent } from '@microbatch/core/logger';
import { type JournalHeader, parseHeader } from './journal-header.js';
import { type Line, readLines } from './read-lines.js';

/** Where and why reading a journal stopped. */
export interface JournalEnd {
  /**
   * `run-end`: the run is over. `no-run-end`: the file ends behind a whole event, but the run goes on, or its process
   * was killed. `torn-line`: the same, and the last line is not whole; it was passed over.
   */
  readonly reason: 'run-end' | 'no-run-end' | 'torn-line';
  /** Events that were read. */
  readonly events: number;
  /** Bytes from the file's beginning to the end of the last whole line. */
  readonly offset: number;
}

/** A journal's events, frozen, in order; each iteration reads the file anew. */
export interface JournalReader extends AsyncIterable<TrainEvent> {
  /** Reads the first line. Rejects as an iteration does. */
  header(): Promise<JournalHeader>;
  /** How the latest finished iteration ended; absent before. */
  readonly end: JournalEnd | undefined;
}

/**
 * Reads a journal, also one that is being written or that a killed process left with a torn last line.
 * Iterating rejects with a `LoggerError`: `read-failed`, `not-a-journal`, `unknown-schema`, or `damaged-line` for a line
 * before the last that can't be read, or that holds no event.
 */
export function readJournal(path: string): JournalReader {
  let end: JournalEnd | undefined;

  async function* events(): AsyncGenerator<TrainEvent> {
    const lines = linesOf(path);
    const first = await lines.next();
    parseHeader(path, first.value?.text);
    let offset = first.value?.endOffset ?? 0;
    let reason: JournalEnd['reason'] = 'no-run-end';
    let count = 0;
    let torn: Line | undefined;
    for await (const line of lines) {
      if (torn !== undefined) throw damaged(path, count + 2, 'it is no JSON');
      const json = parseLine(line);
      if (json === undefined) {
        torn = line;
        continue;
      }
      const event = toEvent(path, count + 2, json.value);
      offset = line.endOffset;
      reason = event.type === 'run-end' ? 'run-end' : 'no-run-end';
      count += 1;
      yield event;
    }
    end = Object.freeze({ reason: torn === undefined ? reason : 'torn-line', events: count, offset });
  }

  return {
    async header() {
      for await (const { text } of linesOf(path)) return parseHeader(path, text);
      return parseHeader(path, undefined);
    },
    get end() {
      return end;
    },
    [Symbol.asyncIterator]: events,
  };
}

async function* linesOf(path: string): AsyncGenerator<Line> {
  try {
    yield* readLines(path);
  } catch (cause) {
    throw new LoggerError('journal', 'read-failed', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function parseLine({ text }: Line): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function toEvent(path: string, lineNumber: number, json: unknown): TrainEvent {
  try {
    return eventFromJson(json);
  } catch (cause) {
    throw damaged(path, lineNumber, (cause as Error).message, cause);
  }
}

function damaged(path: string, lineNumber: number, why: string, cause?: unknown): LoggerError {
  return new LoggerError('journal', 'damaged-line', `${path}: line ${lineNumber} can't be read: ${why}`, { cause });
}
