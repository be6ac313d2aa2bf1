import { LoggerError, show, type TrainEvent } from '@microbatch/core/logger';
import { isTornHeader, type JournalHeader, parseHeader } from './journal-header.js';
import { damagedLine, eventOfLine, journalLines, parseLine } from './journal-lines.js';
import type { JournalEnd } from './read-journal.js';

/** Where an event's line lies in its journal, in bytes. */
export interface EventPlace {
  readonly offset: number;
  readonly length: number;
}

/** Reads a journal part by part, as it grows; holds no file open between two reads. */
export interface JournalFollower {
  /** The first line; absent until a read found it whole. */
  readonly header: JournalHeader | undefined;
  /**
   * Hands `take` the whole events behind those of earlier reads, in order, and says where the file ends so far. Events are
   * plain data, not frozen; a last line without its newline is left to the next read. Rejects as an iteration of `readJournal`
   * does, each time after the events before the line that can't be read.
   */
  read(take: (event: TrainEvent, place: EventPlace) => void): Promise<JournalEnd>;
  /** Reads one event again, frozen. Rejects with a `LoggerError`: `read-failed`, or `damaged-line` where it is none. */
  event(place: EventPlace): Promise<TrainEvent>;
}

const CLOCKS = ['microStep', 'step', 'samples', 'epoch', 'time'] as const;

/** Follows the journal at `path`, from its beginning. Throws a `TypeError` where that is no path. */
export function followJournal(path: string): JournalFollower {
  if (typeof path !== 'string' || path === '') throw new TypeError(`path must be a journal's path, not ${show(path)}`);
  let header: JournalHeader | undefined;
  let offset = 0;
  let lineNumber = 0;
  let events = 0;
  let lastType: string | undefined;

  return {
    get header() {
      return header;
    },
    async read(take) {
      // An empty file lacks the whole of its first line.
      let torn = header === undefined;
      for await (const lines of journalLines(path, offset)) {
        for (const { text, endOffset, isEnded } of lines) {
          if (torn && header !== undefined) throw damagedLine(path, lineNumber + 1, 'it is no JSON');
          if (!isEnded) {
            torn = true;
            if (header === undefined && !isTornHeader(text)) parseHeader(path, text);
          } else if (header === undefined) {
            header = parseHeader(path, text);
            torn = false;
          } else {
            const event = eventOf(text, path, lineNumber + 1);
            torn = event === undefined;
            if (event === undefined) continue;
            events += 1;
            lastType = event.type;
            take(event, { offset, length: endOffset - offset });
          }
          if (torn) continue;
          lineNumber += 1;
          offset = endOffset;
        }
      }
      const reason = lastType === 'run-end' ? 'run-end' : 'no-run-end';
      return Object.freeze({ reason: torn ? 'torn-line' : reason, events, offset });
    },
    async event(place) {
      for await (const [line] of journalLines(path, place.offset)) {
        const parsed = line === undefined ? undefined : parseLine(line.text);
        if (parsed === undefined || line!.endOffset !== place.offset + place.length) break;
        return eventOfLine(path, 0, parsed.value);
      }
      const message = `${path} holds no event of ${place.length} bytes at byte ${place.offset}`;
      throw new LoggerError('journal', 'damaged-line', message);
    },
  };
}

/**
 * The event of a line; undefined where that is no JSON. Most lines hold plain numbers alone: to look for others, and to
 * freeze what nobody keeps, would take as long as to parse them.
 */
function eventOf(text: string, path: string, lineNumber: number): TrainEvent | undefined {
  const parsed = parseLine(text);
  if (parsed === undefined) return undefined;
  const { value } = parsed;
  return !text.includes('"$') && isEvent(value) ? value : eventOfLine(path, lineNumber, value);
}

function isEvent(value: unknown): value is TrainEvent {
  const event = value as Partial<TrainEvent> | null;
  if (typeof event !== 'object' || event === null || typeof event.type !== 'string') return false;
  return CLOCKS.every((clock) => typeof event[clock] === 'number');
}
