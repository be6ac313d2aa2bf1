import { assertFunction, assertPath, assertStep } from './arguments.js';
import { decodeEvent } from './decode-event.js';
import type { FileEvent, StopInfo } from './event.js';
import { EventFileError } from './event-file-error.js';
import { type EventListener, EventValues } from './event-values.js';
import { RecordCursor } from './record-cursor.js';
import { MalformedError } from './wire.js';

/** Reads the event files of one run part by part, as they grow. */
export interface RunFollower {
  /**
   * Tells the listener of the whole records of a file from byte `from` on, where a record begins: 0, or the `offset` that
   * the call before resolved with. Rejects with an `EventFileError` (`read-failed`) where the file can't be read.
   */
  read(path: string, from?: number): Promise<StopInfo>;
  /** Where the record begins that the listener is being told of, in bytes. */
  readonly offset: number;
  /** The event whose record begins at byte `offset` of a file. Rejects with an `EventFileError` (`read-failed`) where none does. */
  event(path: string, offset: number): Promise<FileEvent>;
}

/**
 * Follows a run without holding files open or values in memory: `listener` takes each scalar, and is told of all other
 * values, which `event` decodes when they are wanted. Throws a `TypeError` where the listener takes no scalars.
 */
export function followRun(listener: EventListener): RunFollower {
  assertFunction('listener.scalars', listener?.scalars);
  const values = new EventValues(listener);
  let recordOffset = 0;

  return {
    async read(path, from = 0) {
      assertPath('path', path, 'an event file');
      assertStep('from', from);
      const cursor = await RecordCursor.open(path, from);
      try {
        do {
          while (cursor.advance()) {
            recordOffset = cursor.offset;
            tellOrReject(cursor, values);
          }
        } while (await cursor.fill());
        return cursor.stopped!;
      } finally {
        await cursor.close();
      }
    },
    get offset() {
      return recordOffset;
    },
    async event(path, offset) {
      assertPath('path', path, 'an event file');
      assertStep('offset', offset);
      const cursor = await RecordCursor.open(path, offset);
      try {
        while (!cursor.advance()) {
          if (!(await cursor.fill())) throw noEvent(path, offset);
        }
        return decodeEvent(cursor.bytes, cursor.start, cursor.end, values.plugins);
      } catch (error) {
        throw error instanceof MalformedError ? noEvent(path, offset) : error;
      } finally {
        await cursor.close();
      }
    },
  };
}

/** Tells of the record at hand; where it is no event, ends the cursor's walk. */
function tellOrReject(cursor: RecordCursor, values: EventValues): void {
  try {
    values.tell(cursor.bytes, cursor.view, cursor.start, cursor.end);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    cursor.reject('malformed-event');
  }
}

function noEvent(path: string, offset: number): EventFileError {
  return new EventFileError('read-failed', path, `${path} holds no event at byte ${offset}`);
}
