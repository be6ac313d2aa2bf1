import {
  encodeFileVersion,
  encodeScalarTemplate,
  encodeSessionStart,
  eventLength,
  type ScalarFormat,
  type ScalarTemplate,
  scalarEventLength,
  writeEvent,
  writeScalarEvent,
} from './encode-event.js';
import type { EventFileError } from './event-file-error.js';
import { DROPPED, RecordFile } from './record-file.js';
import { frameRecords } from './record-frame.js';

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
  /** The same for what describes the run as a whole: it has no step, and is no first value. */
  describe(payload: Uint8Array, wallTime: number | undefined): void;
  /** Says that an event of `step` is to come, perhaps after later ones: START is to take over there. Returns what takes it back. */
  expect(step: number): () => void;
  flush(): void;
  close(): void;
}

/** How an event file begins, and what form its scalars have. */
export interface EventFileOptions {
  /** The step of the SessionLog START event; the first value's where absent, and one that hides nothing before it. */
  readonly purgeStep?: number | undefined;
  /** `'simple-value'` by default. */
  readonly scalarFormat?: ScalarFormat | undefined;
  /** As in `RecordFileOptions`. */
  readonly onError?: ((error: EventFileError) => void) | undefined;
  readonly mayOpenLater?: boolean | undefined;
  /** ms since 1970. */
  readonly now?: (() => number) | undefined;
}

/** Creates a new event file in `directory`. Throws an `EventFileError`. */
export function createEventFile(directory: string, options: EventFileOptions = {}): EventFile {
  const { purgeStep, scalarFormat = 'simple-value', now = Date.now, onError, mayOpenLater } = options;
  const templates = new Map<string, ScalarTemplate>();
  let startStep: number | undefined;
  let hasFinalStart = false;
  const expected = new Set<{ readonly step: number }>();
  let descriptions: { readonly payload: Uint8Array; readonly wallTime: number }[] = [];
  const records = new RecordFile(directory, { now, head, complete: ensureStart, onError, mayOpenLater });

  // A file that takes the place of a deleted one takes over from earlier files where that did.
  function head(): Uint8Array {
    const wallTime = now() / 1000;
    const version = encodeFileVersion(wallTime);
    return startStep === undefined
      ? frameRecords(version)
      : frameRecords(version, encodeSessionStart(wallTime, startStep));
  }

  // TensorBoard drops what earlier files of the run hold from this step on: only the first value tells where that is.
  function start(step: number, nowMs: number): boolean {
    const event = encodeSessionStart(nowMs / 1000, step);
    const at = records.begin(event.length);
    if (at === DROPPED) return false;
    records.bytes.set(event, at);
    startStep = step;
    records.commit(nowMs);
    return true;
  }

  // Each file has a START, also one that no value comes to. A later first value may still take over by its own.
  function ensureStart(): void {
    if (startStep === undefined) start(purgeStep ?? Number.MAX_SAFE_INTEGER, now());
  }

  function takeOver(valueStep: number, nowMs: number): void {
    const firstStep = Math.min(valueStep, ...Array.from(expected, ({ step }) => step));
    const isDue = startStep === undefined || purgeStep === undefined;
    if (isDue && !start(purgeStep ?? firstStep, nowMs)) return;
    hasFinalStart = true;
    // They stand at step 0: what hides that step hides them too.
    if (purgeStep === undefined && firstStep === 0) {
      for (const { payload, wallTime } of descriptions) appendEvent(payload, 0, wallTime, nowMs);
    }
    descriptions = [];
  }

  function appendEvent(payload: Uint8Array, step: number, wallTime: number, nowMs: number): void {
    const at = records.begin(eventLength(payload, step));
    if (at === DROPPED) return;
    writeEvent(records.bytes, records.view, at, payload, step, wallTime);
    records.commit(nowMs);
  }

  function templateOf(tag: string): ScalarTemplate {
    let template = templates.get(tag);
    if (template === undefined) {
      if (templates.size >= MOST_TAGS_KEPT) templates.clear();
      template = encodeScalarTemplate(tag, scalarFormat);
      templates.set(tag, template);
    }
    return template;
  }

  return {
    get path() {
      return records.path;
    },
    assertWritable: () => records.assertWritable(),
    scalar(tag, value, step, wallTime) {
      const nowMs = now();
      if (!hasFinalStart) takeOver(step, nowMs);
      const template = templateOf(tag);
      const at = records.begin(scalarEventLength(template, step));
      if (at === DROPPED) return;
      writeScalarEvent(records.bytes, records.view, at, template, value, step, wallTime ?? nowMs / 1000);
      records.commit(nowMs);
    },
    event(payload, step, wallTime) {
      records.assertWritable();
      const nowMs = now();
      if (!hasFinalStart) takeOver(step, nowMs);
      appendEvent(payload, step, wallTime ?? nowMs / 1000, nowMs);
    },
    describe(payload, wallTime = now() / 1000) {
      records.assertWritable();
      ensureStart();
      if (!hasFinalStart) descriptions.push({ payload, wallTime });
      appendEvent(payload, 0, wallTime, now());
    },
    expect(step) {
      const expectation = { step };
      expected.add(expectation);
      return () => expected.delete(expectation);
    },
    flush: () => records.flush(),
    close: () => records.close(),
  };
}
