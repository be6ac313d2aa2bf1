import {
  encodeFileVersion,
  encodeScalarPrefix,
  encodeSessionStart,
  eventLength,
  type ScalarPrefix,
  scalarEventLength,
  writeEvent,
  writeScalarEvent,
} from './encode-event.js';
import { RecordFile } from './record-file.js';

// A program that makes up tags must not fill the memory with them.
const MOST_TAGS_KEPT = 10_000;

/** One event file being written. Arguments are checked by the caller. */
export interface EventFile {
  readonly path: string;
  /** Throws an `EventFileError` where nothing can be added any more. */
  assertWritable(): void;
  /** `wallTime` in seconds since 1970; now where absent. */
  scalar(tag: string, value: number, step: number, wallTime: number | undefined): void;
  /** `payload` is an encoded field of an Event: a summary or a graph. Throws an `EventFileError` as `assertWritable` does. */
  event(payload: Uint8Array, step: number, wallTime: number | undefined): void;
  flush(): void;
  close(): void;
}

/** How an event file begins. */
export interface EventFileOptions {
  /** The step of the SessionLog START event; the first value's where absent, and one that hides nothing before it. */
  readonly purgeStep?: number | undefined;
  /** ms since 1970. */
  readonly now?: (() => number) | undefined;
}

/** Creates a new event file in `directory`. Throws an `EventFileError`. */
export function createEventFile(directory: string, { purgeStep, now = Date.now }: EventFileOptions = {}): EventFile {
  const records = new RecordFile(directory, now, ensureStart);
  const prefixes = new Map<string, ScalarPrefix>();
  let hasStart = false;
  let hasFinalStart = false;

  function append(event: Uint8Array, nowMs: number): void {
    records.bytes.set(event, records.begin(event.length));
    records.commit(nowMs);
  }

  // TensorBoard drops what earlier files of the run hold from this step on: only the first value tells where that is.
  function start(step: number, nowMs: number): void {
    hasStart = true;
    append(encodeSessionStart(nowMs / 1000, step), nowMs);
  }

  // Each file has a START, also one that no value comes to. A later first value may still take over by its own.
  function ensureStart(): void {
    if (!hasStart) start(purgeStep ?? Number.MAX_SAFE_INTEGER, now());
  }

  function takeOver(firstStep: number, nowMs: number): void {
    hasFinalStart = true;
    if (!hasStart || purgeStep === undefined) start(purgeStep ?? firstStep, nowMs);
  }

  function prefixOf(tag: string): ScalarPrefix {
    let prefix = prefixes.get(tag);
    if (prefix === undefined) {
      if (prefixes.size >= MOST_TAGS_KEPT) prefixes.clear();
      prefix = encodeScalarPrefix(tag);
      prefixes.set(tag, prefix);
    }
    return prefix;
  }

  try {
    const nowMs = now();
    append(encodeFileVersion(nowMs / 1000), nowMs);
  } catch (error) {
    records.abandon();
    throw error;
  }

  return {
    path: records.path,
    assertWritable: () => records.assertWritable(),
    scalar(tag, value, step, wallTime) {
      const nowMs = now();
      if (!hasFinalStart) takeOver(step, nowMs);
      const prefix = prefixOf(tag);
      const at = records.begin(scalarEventLength(prefix, step));
      writeScalarEvent(records.bytes, records.view, at, prefix, value, step, wallTime ?? nowMs / 1000);
      records.commit(nowMs);
    },
    event(payload, step, wallTime) {
      records.assertWritable();
      const nowMs = now();
      if (!hasFinalStart) takeOver(step, nowMs);
      const at = records.begin(eventLength(payload, step));
      writeEvent(records.bytes, records.view, at, payload, step, wallTime ?? nowMs / 1000);
      records.commit(nowMs);
    },
    flush: () => records.flush(),
    close: () => records.close(),
  };
}
