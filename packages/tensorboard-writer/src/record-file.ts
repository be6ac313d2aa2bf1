import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { maskedCrc32c } from './crc32c.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { eventFileNames, nextEventFileName } from './event-file-names.js';
import { onExit } from './exit-hook.js';
import { makeFolders } from './make-folders.js';

const BUFFER_BYTES = 64 * 1024;
/** How old a record may get in memory before a call, or the timer, hands it to the operating system. */
export const WRITE_THROUGH_MS = 250;
/** Length (8), its CRC (4), and the data's CRC (4). */
const HEADER_BYTES = 12;
const FRAME_BYTES = 16;

/**
 * A new TFRecord file: whole records, in order, in one bounded buffer.
 *
 * After a failed write the file may end in a part of a record; the next write goes on at the very byte, so that the
 * file is whole again as soon as the disk takes data.
 */
export class RecordFile {
  readonly path: string;
  /** Where `begin` reserves room. Both change when a record larger than the buffer comes. */
  bytes: Uint8Array = new Uint8Array(BUFFER_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  readonly #fd: number;
  readonly #now: () => number;
  readonly #complete: () => void;
  readonly #offExit: () => void;
  // Some file systems always say 0.
  readonly #countsLinks: boolean;
  readonly #lengthCrcs = new Uint32Array(256);
  #used = 0;
  #dataStart = 0;
  #dataEnd = 0;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #writeThroughMs = WRITE_THROUGH_MS;
  #timer: NodeJS.Timeout | undefined;
  #state: 'open' | 'deleted' | 'closed' = 'open';

  /**
   * Creates `directory` where it is missing, and the file in it. `now` gives ms since 1970. `complete` is called before
   * the file may be left as it is, by `flush`, `close` and when the process exits, and may add records.
   */
  constructor(directory: string, now: () => number = Date.now, complete: () => void = () => {}) {
    this.#now = now;
    this.#complete = complete;
    try {
      makeFolders(directory);
      [this.path, this.#fd] = createFile(directory, now());
      this.#countsLinks = fstatSync(this.#fd).nlink > 0;
    } catch (cause) {
      const message = `logDir ${JSON.stringify(directory)} cannot be written: ${reasonOf(cause)}`;
      throw new EventFileError('open-failed', directory, message, { cause });
    }
    this.#offExit = onExit(() => this.#writeAtExit());
  }

  /** Throws an `EventFileError` where nothing can be added any more. */
  assertWritable(): void {
    if (this.#state === 'closed') throw new EventFileError('closed', this.path, `${this.path} was closed`);
    if (this.#state === 'deleted') throw this.#deletedError();
  }

  /** Reserves a record of `length` bytes of data; returns where in `bytes` the data belongs. `commit` must follow. */
  begin(length: number): number {
    if (this.#used + length + FRAME_BYTES > this.bytes.length) {
      this.#write();
      if (length + FRAME_BYTES > this.bytes.length) {
        this.bytes = new Uint8Array(length + FRAME_BYTES);
        this.view = new DataView(this.bytes.buffer);
      }
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
    else this.#write();
  }

  /** Makes everything durable. */
  flush(): void {
    this.assertWritable();
    this.#complete();
    this.#write();
    this.#sync();
  }

  /** Makes everything durable and lets the file go, also where that throws. Idempotent. */
  close(): void {
    try {
      // A deleted file was reported by the call that found it.
      if (this.#state === 'open') this.flush();
    } finally {
      this.abandon();
    }
  }

  /** Lets the file go as it is, without writing. Idempotent. */
  abandon(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#offExit();
    closeSync(this.#fd);
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

  #write(): void {
    if (this.#countsLinks && fstatSync(this.#fd).nlink === 0) {
      this.#state = 'deleted';
      throw this.#deletedError();
    }
    let written = 0;
    try {
      while (written < this.#used) written += writeSync(this.#fd, this.bytes, written, this.#used - written);
      this.#lastWriteMs = this.#now();
    } catch (cause) {
      throw this.#writeError(cause);
    } finally {
      this.bytes.copyWithin(0, written, this.#used);
      this.#used -= written;
    }
  }

  #sync(): void {
    try {
      fsyncSync(this.#fd);
    } catch (cause) {
      throw this.#writeError(cause);
    }
  }

  #writeError(cause: unknown): EventFileError {
    return new EventFileError('write-failed', this.path, `cannot write ${this.path}: ${reasonOf(cause)}`, { cause });
  }

  #deletedError(): EventFileError {
    return new EventFileError('file-deleted', this.path, `${this.path} was deleted while it was being written`);
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        if (this.#used > 0) this.#write();
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
      this.#write();
    } catch (error) {
      writeSync(2, `${reasonOf(error)}\n`);
    }
  }
}

function createFile(directory: string, nowMs: number): [path: string, fd: number] {
  for (;;) {
    const path = join(directory, nextEventFileName(eventFileNames(directory), nowMs));
    try {
      return [path, openSync(path, 'wx')];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
