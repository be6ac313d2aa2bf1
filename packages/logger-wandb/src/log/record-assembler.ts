import { CHUNK } from './chunk-writer.js';

/** Where a log can't be read, and why. */
export interface LogDamage {
  /** Bytes from the file's start. */
  readonly offset: number;
  readonly reason: string;
}

/** One record's bytes, and where they begin in the file. */
export interface LogPayload {
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** Puts the chunks of a log together to records, and leaves out those that damage touches. */
export interface RecordAssembler {
  /** Where the record begins whose end is missing so far; undefined between records. */
  readonly openAt: number | undefined;
  /** Takes the next chunk; returns the record that it completes. A record of one chunk is that chunk's own bytes. */
  add(offset: number, chunk: { readonly type: number; readonly payload: Uint8Array }): LogPayload | undefined;
  /** There is no chunk at `offset`: the next one may be far behind it. */
  damaged(offset: number, reason: string): void;
}

/** Begins between records; `onDamage` is told of all that can't be read. */
export function createRecordAssembler(onDamage: (damage: LogDamage) => void): RecordAssembler {
  let open: { offset: number; parts: Uint8Array[] } | undefined;
  // Behind damage the rest of a record whose beginning is lost is no news.
  let afterDamage = false;

  function damage(offset: number, reason: string): void {
    onDamage({ offset, reason });
    open = undefined;
    afterDamage = true;
  }

  return {
    get openAt() {
      return open?.offset;
    },
    add(offset, { type, payload }) {
      const begins = type === CHUNK.full || type === CHUNK.first;
      const ends = type === CHUNK.full || type === CHUNK.last;
      if (begins && open !== undefined) damage(open.offset, 'the record is not finished where the next one begins');
      if (!begins && open === undefined) {
        if (!afterDamage) damage(offset, "the record's beginning is missing");
        return undefined;
      }
      afterDamage = false;
      if (begins && ends) return { offset, payload };
      open ??= { offset, parts: [] };
      // The reader may use the bytes of its chunks for others.
      open.parts.push(new Uint8Array(payload));
      if (!ends) return undefined;
      const { offset: start, parts } = open;
      open = undefined;
      return { offset: start, payload: Buffer.concat(parts) };
    },
    damaged: (offset, reason) => damage(open?.offset ?? offset, reason),
  };
}
