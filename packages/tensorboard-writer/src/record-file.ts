import { writeSync } from 'node:fs';
import { AppendFile } from './append-file.js';
import { maskedCrc32c } from './crc32c.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { onExit } from './exit-hook.js';
import { Outage } from './outage.js';
import { FRAME_BYTES, HEADER_BYTES, wholeRecords } from './record-frame.js';

const BUFFER_BYTES = 64 * 1024;
/** How old a record may get in memory before a call, or the timer, hands it to the operating system. */
const WRITE_THROUGH_MS = 250;

/** What `begin` says where there is no room. */
export const DROPPED = -1;

/** How a `RecordFile` is written. */
export interface RecordFileOptions {
  /** ms since 1970. */
  readonly now?: () => number;
  /** The framed records with which a file begins: asked for each time that one is created. */
  readonly head?: () => Uint8Array;
  /** Called before the file may be left as it is, by `flush`, `close` and when the process exits; may add records. */
  readonly complete?: () => void;
  /** Where given, hears of what the disk does instead of the caller, and a file that was deleted, or changed by others, is left for a new one. */
  readonly onError?: ((error: EventFileError) => void) | undefined;
  /** Whether the constructor leaves it to later calls to try again where the file can't be created. With `onError` only. */
  readonly mayOpenLater?: boolean | undefined;
}

/**
 * A new TFRecord file: whole records, in order, in one bounded buffer. What a failed write did not take waits in it.
 *
 * Without `onError` methods throw an `EventFileError` where the disk fails. With it, none does: what finds no room in the
 * buffer is dropped, and counted.
 */
export class RecordFile {
  /** Where `begin` reserves room. Both may change with each `begin`. */
  bytes: Uint8Array = new Uint8Array(BUFFER_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  readonly #directory: string;
  readonly #now: () => number;
  readonly #head: () => Uint8Array;
  readonly #complete: () => void;
  readonly #outage: Outage | undefined;
  readonly #offExit: () => void;
  readonly #lengthCrcs = new Uint32Array(256);
  #file: AppendFile | undefined;
  #path: string;
  #used = 0;
  #dataStart = 0;
  #dataEnd = 0;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #writeThroughMs = WRITE_THROUGH_MS;
  #timer: NodeJS.Timeout | undefined;
  #state: 'open' | 'deleted' | 'closed' = 'open';

  /** Creates `directory` where it is missing, and the file in it. Throws an `EventFileError`, with `onError` too. */
  constructor(directory: string, options: RecordFileOptions = {}) {
    const { now = Date.now, head = () => new Uint8Array(0), complete = () => {}, onError, mayOpenLater } = options;
    this.#directory = directory;
    this.#path = directory;
    this.#now = now;
    this.#head = head;
    this.#complete = complete;
    this.#outage = onError === undefined ? undefined : new Outage(onError);
    this.#offExit = onExit(() => this.#writeAtExit());
    try {
      if (mayOpenLater) this.#tryToWrite();
      else this.#write();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** The file; the folder before there is one. */
  get path(): string {
    return this.#path;
  }

  /** Throws an `EventFileError` where nothing can be added any more. */
  assertWritable(): void {
    if (this.#state === 'closed') throw new EventFileError('closed', this.path, `${this.path} was closed`);
    if (this.#state === 'deleted') this.#file!.assertIntact();
  }

  /**
   * Reserves a record of `length` bytes of data; returns where in `bytes` the data belongs, or `DROPPED`. `commit` must
   * follow, unless it was dropped.
   */
  begin(length: number): number {
    if (this.#used + length + FRAME_BYTES > this.bytes.length && !this.#makeRoom(length)) {
      this.#outage?.drop();
      return DROPPED;
    }
    const start = this.#used;
    this.view.setUint32(start, length, true);
    this.view.setUint32(start + 4, 0, true);
    this.view.setUint32(start + 8, this.#lengthCrc(length, start), true);
    this.#dataStart = start + HEADER_BYTES;
    this.#dataEnd = this.#dataStart + length;
    return this.#dataStart;
  }

  /** Ends the record that `begin` reserved, and writes it through where the last write is too long before `nowMs`. */
  commit(nowMs: number): void {
    this.view.setUint32(this.#dataEnd, maskedCrc32c(this.bytes, this.#dataStart, this.#dataEnd), true);
    this.#used = this.#dataEnd + 4;
    const age = nowMs - this.#lastWriteMs;
    // A clock that went back must not stop the writing.
    if (age >= 0 && age < this.#writeThroughMs) this.#arm();
    else this.#tryToWrite();
  }

  /** Makes everything durable. */
  flush(): void {
    this.assertWritable();
    this.#complete();
    this.#tryToWrite(true);
  }

  /** Makes everything durable and lets the file go, also where that throws. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    try {
      // A deleted file was reported by the call that found it.
      if (this.#state === 'open') this.flush();
    } finally {
      this.abandon();
    }
    this.#outage?.end(this.#waiting());
  }

  /** Lets the file go as it is, without writing. Idempotent. */
  abandon(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#offExit();
    this.#file?.close();
  }

  // Lengths repeat: a run's records differ in their tags and the digits of their steps only.
  #lengthCrc(length: number, start: number): number {
    if (length >= this.#lengthCrcs.length) return maskedCrc32c(this.bytes, start, start + 8);
    let crc = this.#lengthCrcs[length]!;
    if (crc === 0) {
      crc = maskedCrc32c(this.bytes, start, start + 8);
      this.#lengthCrcs[length] = crc;
    }
    return crc;
  }

  #waiting(): number {
    return wholeRecords(this.bytes, this.#used).count;
  }

  #makeRoom(length: number): boolean {
    if (!this.#tryToWrite()) return false;
    this.#reserve(length + FRAME_BYTES);
    return true;
  }

  #reserve(room: number): void {
    if (this.#used + room <= this.bytes.length) return;
    const larger = new Uint8Array(this.#used + room);
    larger.set(this.bytes.subarray(0, this.#used));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  /** Whether everything is written. Throws only where nobody else hears of it. */
  #tryToWrite(isFlush = false): boolean {
    const outage = this.#outage;
    if (outage === undefined) {
      this.#write();
      if (isFlush) this.#file!.sync();
      return true;
    }
    const nowMs = this.#now();
    // A try that must wait counts as one: else every call would come here.
    this.#lastWriteMs = nowMs;
    if (!isFlush && this.#writeThroughMs > 0 && outage.mustWait(nowMs)) return this.#retryLater();
    try {
      this.#writeAnew(outage, nowMs);
      if (isFlush) this.#file!.sync();
    } catch (error) {
      outage.failed(error as EventFileError, nowMs);
      return this.#retryLater();
    }
    outage.end();
    return true;
  }

  /** Writes; into a new file where the file was deleted or changed. */
  #writeAnew(outage: Outage, nowMs: number): void {
    try {
      this.#write();
    } catch (error) {
      if (!isDeletion(error)) throw error;
      this.#file!.close();
      this.#file = undefined;
      outage.failed(error, nowMs);
      this.#write();
    }
  }

  #retryLater(): false {
    this.#arm();
    return false;
  }

  #write(): void {
    const file = this.#file ?? this.#create();
    const before = file.size;
    try {
      file.append(this.bytes, this.#used);
      this.#lastWriteMs = this.#now();
    } catch (error) {
      if (this.#outage === undefined && isDeletion(error)) this.#state = 'deleted';
      throw error;
    } finally {
      const written = file.size - before;
      this.bytes.copyWithin(0, written, this.#used);
      this.#used -= written;
    }
  }

  #create(): AppendFile {
    const file = new AppendFile(this.#directory, this.#now());
    this.#file = file;
    this.#path = file.path;
    const head = this.#head();
    this.#reserve(head.length);
    this.bytes.copyWithin(head.length, 0, this.#used);
    this.bytes.set(head);
    this.#used += head.length;
    return file;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#state === 'closed') return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#used === 0) return;
      if (this.#outage !== undefined) {
        this.#tryToWrite();
        return;
      }
      try {
        this.#write();
      } catch {
        // Nobody could catch it here: the records stay, and the next call tries again and throws.
      }
    }, WRITE_THROUGH_MS).unref();
  }

  #writeAtExit(): void {
    // Exit hooks that run later may still log, and no later call would write it.
    this.#writeThroughMs = 0;
    try {
      if (this.#state !== 'open') return;
      this.#complete();
      if (!this.#tryToWrite()) this.#outage?.end(this.#waiting());
    } catch (error) {
      writeSync(2, `${reasonOf(error)}\n`);
    }
  }
}

function isDeletion(error: unknown): error is EventFileError {
  return error instanceof EventFileError && error.code === 'file-deleted';
}
