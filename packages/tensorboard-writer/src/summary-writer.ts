import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { assertNumber, assertStep, assertTag, assertWallTime } from './arguments.js';
import { createEventFile, type EventFile } from './event-file.js';

/** How a `SummaryWriter` begins. */
export interface SummaryWriterOptions {
  /**
   * The step at which this writer takes over from earlier files in the same folder: TensorBoard hides what those hold
   * from there on. The step of the first value by default, and nothing before there is one; `Number.MAX_SAFE_INTEGER`
   * hides nothing.
   */
  readonly purgeStep?: number;
}

/**
 * Writes one TensorBoard run: an event file of its own in `logDir`, which is created where it is missing.
 *
 * Every method is synchronous. A call hands what waits to the operating system once the last such write is 250 ms old,
 * or 64 KiB wait; a timer and an exit hook write what calls left. Misuse throws a `TypeError` or `RangeError` and writes
 * nothing; a disk that fails throws an `EventFileError`, and the next call tries again where it failed.
 */
export class SummaryWriter {
  /** The run's folder, absolute. */
  readonly logDir: string;
  readonly #file: EventFile;
  readonly #options: SummaryWriterOptions;
  // The runs that addScalars makes, by folder name.
  readonly #subRuns = new Map<string, EventFile>();

  constructor(logDir: string, options: SummaryWriterOptions = {}) {
    if (typeof logDir !== 'string' || logDir === '') {
      throw new TypeError(`logDir must be the path of a folder, not ${inspect(logDir)}`);
    }
    if (options.purgeStep !== undefined) assertStep('purgeStep', options.purgeStep);
    this.logDir = resolve(logDir);
    this.#options = options;
    this.#file = createEventFile(this.logDir, options);
  }

  /** The event file's path. */
  get path(): string {
    return this.#file.path;
  }

  /**
   * Adds a point to the chart `tag`. `step` is an integer from 0, `wallTime` is in seconds since 1970 (now by default).
   * TensorBoard holds `value` as a 32-bit float; NaN and ±Infinity are kept.
   */
  addScalar(tag: string, value: number, step = 0, wallTime?: number): void {
    assertTag('tag', tag);
    assertNumber('value', value);
    assertStep('step', step);
    if (wallTime !== undefined) assertWallTime('wallTime', wallTime);
    this.#file.assertWritable();
    this.#file.scalar(tag, value, step, wallTime);
  }

  /**
   * Adds a point to each of several curves in the one chart `mainTag`: each curve is a run of its own, in the folder
   * `<mainTag>_<key>` under `logDir`.
   */
  addScalars(mainTag: string, tagScalars: Readonly<Record<string, number>>, step = 0, wallTime?: number): void {
    assertTag('mainTag', mainTag);
    assertStep('step', step);
    if (wallTime !== undefined) assertWallTime('wallTime', wallTime);
    if (tagScalars === null || typeof tagScalars !== 'object') {
      throw new TypeError(`tagScalars must be an object of numbers, not ${inspect(tagScalars)}`);
    }
    const scalars = Object.entries(tagScalars);
    for (const [key, value] of scalars) {
      assertTag('a key of tagScalars', key);
      assertNumber(`tagScalars[${JSON.stringify(key)}]`, value);
    }
    this.#file.assertWritable();
    // All files before the first value, so that a failure leaves no half of the point behind.
    const files = scalars.map(([key]) => this.#subRun(`${mainTag}_${key}`));
    for (const file of files) file.assertWritable();
    for (const [i, file] of files.entries()) file.scalar(mainTag, scalars[i]![1], step, wallTime);
  }

  /** Makes everything that was added durable (fsync). */
  flush(): void {
    this.#file.flush();
    for (const file of this.#subRuns.values()) file.flush();
  }

  /** Flushes and lets the files go, also where that throws. Idempotent; after it, every other method throws. */
  close(): void {
    const errors: unknown[] = [];
    for (const file of [this.#file, ...this.#subRuns.values()]) {
      try {
        file.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #subRun(name: string): EventFile {
    // One folder, not a path; a name that Windows takes too.
    const folder = name.replace(/[\\/:*?"<>|\p{Cc}]/gu, '_');
    let file = this.#subRuns.get(folder);
    if (file === undefined) {
      file = createEventFile(join(this.logDir, folder), this.#options);
      this.#subRuns.set(folder, file);
    }
    return file;
  }
}
