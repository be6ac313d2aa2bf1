import { decodeEvent, type PluginOfTag } from './decode-event.js';
import type { FileEvent, StopInfo } from './event.js';
import { RecordCursor } from './record-cursor.js';
import { MalformedError } from './wire.js';

/** The events of one file; each iteration reads it from the beginning. */
export interface EventReader extends AsyncIterable<FileEvent> {
  /** Where and why the last iteration ended; undefined before, or where it was left early. */
  readonly stopped: StopInfo | undefined;
}

/**
 * Reads an event file in bounded memory. Both checksums of each record are checked; a torn or damaged record ends the
 * iteration, and `stopped` says so. Iterating throws an `EventFileError` (`read-failed`) where the file can't be read.
 */
export function readEvents(path: string): EventReader {
  return createReader(path, new Map());
}

/** As `readEvents`, with what is known of tags from earlier files of the run. */
export function createReader(path: string, plugins: PluginOfTag): EventReader {
  let stopped: StopInfo | undefined;
  return {
    get stopped() {
      return stopped;
    },
    async *[Symbol.asyncIterator]() {
      stopped = undefined;
      const cursor = await RecordCursor.open(path);
      try {
        do {
          while (cursor.advance()) {
            const event = decodeOrReject(cursor, plugins);
            if (event !== undefined) yield event;
          }
        } while (await cursor.fill());
        stopped = cursor.stopped;
      } finally {
        await cursor.close();
      }
    },
  };
}

/** Decodes the record at hand; where it is no event, ends the cursor's walk. */
export function decodeOrReject(cursor: RecordCursor, plugins: PluginOfTag): FileEvent | undefined {
  try {
    return decodeEvent(cursor.bytes, cursor.start, cursor.end, plugins);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    cursor.reject('malformed-event');
    return undefined;
  }
}
