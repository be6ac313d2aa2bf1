import { inspect } from 'node:util';
import { assertOptions, assertPath } from './arguments.js';
import { decodeEvent } from './decode-event.js';
import type { FileEvent, StopInfo } from './event.js';
import { watchFile } from './file-changes.js';
import type { PluginOfTag } from './plugin-of-tag.js';
import { RecordCursor } from './record-cursor.js';
import { MalformedError } from './wire.js';

/** How an event file is read. */
export interface ReadEventsOptions {
  /**
   * Whether to wait at the file's end, also inside a torn record, for what its writer adds: false by default. The iteration
   * then ends only when it is left, `signal` aborts, the file is deleted or cut, or a record is damaged.
   */
  readonly follow?: boolean;
  /** Ends the iteration quietly, `stopped` says `'aborted'`. */
  readonly signal?: AbortSignal;
}

/** The events of one file; each iteration reads it from the beginning. */
export interface EventReader extends AsyncIterable<FileEvent> {
  /** Where and why the last iteration ended; undefined before, or where it was left early. */
  readonly stopped: StopInfo | undefined;
}

/**
 * Reads an event file in bounded memory. Both checksums of each record are checked; a torn or damaged record ends the
 * iteration, and `stopped` says so. Throws a `TypeError` where `path` or `options` are not of their types; iterating
 * throws an `EventFileError` (`read-failed`) where the file can't be read.
 */
export function readEvents(path: string, options: ReadEventsOptions = {}): EventReader {
  assertPath('path', path, 'an event file');
  assertReadEventsOptions(options);
  let stopped: StopInfo | undefined;
  return {
    get stopped() {
      return stopped;
    },
    [Symbol.asyncIterator]() {
      const leaving = new AbortController();
      const events = iterate(leaving.signal);
      const end = events.return.bind(events);
      // A generator's own return() waits for the next event.
      events.return = (value) => {
        leaving.abort();
        return end(value);
      };
      return events;
    },
  };

  async function* iterate(left: AbortSignal): AsyncGenerator<FileEvent, void> {
    stopped = undefined;
    const cursor = await RecordCursor.open(path);
    try {
      yield* eventsOf(cursor, path, options, left);
      if (!left.aborted) stopped = cursor.stopped;
    } finally {
      await cursor.close();
    }
  }
}

async function* eventsOf(cursor: RecordCursor, path: string, { follow, signal }: ReadEventsOptions, left: AbortSignal) {
  const plugins: PluginOfTag = new Map();
  const changes = follow ? watchFile(path, signal, left) : undefined;
  try {
    for (;;) {
      while (!signal?.aborted && cursor.advance()) {
        const event = decodeOrReject(cursor, plugins);
        if (event !== undefined) yield event;
      }
      if (signal?.aborted) return cursor.abort();
      if (await cursor.fill()) continue;
      if (changes === undefined) return;
      while (!(await cursor.resume())) {
        if (!cursor.isAtEnd) return;
        await changes.next();
        if (left.aborted) return;
        if (signal?.aborted) return cursor.abort();
      }
    }
  } finally {
    changes?.close();
  }
}

/** Decodes the record at hand; where it is no event, ends the cursor's walk. */
function decodeOrReject(cursor: RecordCursor, plugins: PluginOfTag): FileEvent | undefined {
  try {
    return decodeEvent(cursor.bytes, cursor.start, cursor.end, plugins);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    cursor.reject('malformed-event');
    return undefined;
  }
}

function assertReadEventsOptions(options: ReadEventsOptions): void {
  assertOptions(options, { follow: true, signal: true });
  const { follow, signal }: { readonly follow?: unknown; readonly signal?: unknown } = options;
  if (follow !== undefined && typeof follow !== 'boolean') {
    throw new TypeError(`follow must be true or false, not ${inspect(follow)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, not ${inspect(signal)}`);
  }
}
