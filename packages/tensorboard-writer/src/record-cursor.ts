import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { maskedCrc32c } from './crc32c.js';
import type { StopInfo, StopReason } from './event.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { FRAME_BYTES, HEADER_BYTES } from './record-frame.js';

const FEWEST_BYTES = 4096;
const CHUNK_BYTES = 256 * 1024;
// What a protobuf message can be at most.
const MOST_DATA_BYTES = 2 ** 31 - 1;

/**
 * Walks over the records of a TFRecord file: `advance()` while it says true, then `fill()`, until that says false and
 * `stopped` says why. Holds one chunk, or the largest record, in memory.
 * FORMAT: `record-frame.ts`.
 */
export class RecordCursor {
  /** The record at hand is `bytes[start, end)`. */
  bytes: Buffer;
  view: DataView;
  start = 0;
  end = 0;
  stopped: StopInfo | undefined;
  readonly #path: string;
  readonly #file: FileHandle;
  // Some file systems always say 0.
  readonly #countsLinks: boolean;
  // Read but not yet passed: bytes[#at, #filled); #offset is where #at lies in the file.
  #at = 0;
  #filled = 0;
  #offset = 0;
  #needed = FRAME_BYTES;

  private constructor(path: string, file: FileHandle, { size, nlink }: Stats, offset: number) {
    this.#path = path;
    this.#file = file;
    this.#countsLinks = nlink > 0;
    this.#offset = offset;
    this.bytes = Buffer.allocUnsafeSlow(Math.min(Math.max(size - offset, FEWEST_BYTES), CHUNK_BYTES));
    this.view = new DataView(this.bytes.buffer);
  }

  /** `offset` is where a record begins, in bytes. */
  static async open(path: string, offset = 0): Promise<RecordCursor> {
    try {
      // The opening of a pipe would else wait for its writer. Windows has no such flag.
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stats = await file.stat();
      if (stats.isFile()) {
        const cursor = new RecordCursor(path, file, stats, offset);
        if (stats.size < offset) cursor.reject('truncated');
        return cursor;
      }
      await file.close();
      const what = stats.isDirectory()
        ? 'a folder: findRuns lists what lies in it, readScalars reads a run'
        : 'no regular file';
      throw new EventFileError('read-failed', path, `${path} is ${what}`);
    } catch (cause) {
      if (cause instanceof EventFileError) throw cause;
      throw readError(path, cause);
    }
  }

  /** Where the record at hand begins in the file, in bytes. */
  get offset(): number {
    return this.#offset;
  }

  /** Goes to the next record; false where it is not wholly in memory, or damaged. */
  advance(): boolean {
    if (this.stopped !== undefined) return false;
    this.#pass();
    const { bytes, view } = this;
    const at = this.#at;
    this.#needed = FRAME_BYTES;
    if (this.#filled - at < HEADER_BYTES) return false;
    if (maskedCrc32c(bytes, at, at + 8) !== view.getUint32(at + 8, true)) return this.#stop('length-crc');
    const length = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    if (length > MOST_DATA_BYTES) return this.#stop('record-too-large');
    this.#needed = FRAME_BYTES + length;
    if (this.#filled - at < this.#needed) return false;
    const start = at + HEADER_BYTES;
    if (maskedCrc32c(bytes, start, start + length) !== view.getUint32(start + length, true))
      return this.#stop('data-crc');
    this.start = start;
    this.end = start + length;
    return true;
  }

  /** Whether the walk stopped where the file's writer may go on. */
  get isAtEnd(): boolean {
    return this.stopped?.reason === 'end' || this.stopped?.reason === 'torn-record';
  }

  /**
   * Whether the file holds more than it did when the walk stopped at its end or in a torn record: then the walk goes on, at
   * the record that was torn. Else `stopped` may tell another reason from now on. Throws an `EventFileError`.
   */
  async resume(): Promise<boolean> {
    if (!this.isAtEnd) return false;
    const { size, nlink } = await this.#stat();
    if (size < this.#offset) return this.#stop('truncated');
    if (size >= this.#offset + this.#needed) {
      this.stopped = undefined;
      // A writer whose disk failed may have cut the torn record back, and written another.
      this.#filled = this.#at;
      return true;
    }
    return nlink === 0 && this.#countsLinks ? this.#stop('deleted') : false;
  }

  /** Ends the walk after the record at hand, unless it has ended for good. */
  abort(): void {
    if (this.stopped !== undefined && !this.isAtEnd) return;
    this.#pass();
    this.#stop('aborted');
  }

  /** Ends the walk before the record at hand. */
  reject(reason: StopReason): void {
    this.#stop(reason);
  }

  /** Reads on. Throws an `EventFileError`. */
  async fill(): Promise<boolean> {
    if (this.stopped !== undefined) return false;
    try {
      return await this.#read();
    } catch (cause) {
      throw readError(this.#path, cause);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #stat(): Promise<Stats> {
    try {
      return await this.#file.stat();
    } catch (cause) {
      throw readError(this.#path, cause);
    }
  }

  async #read(): Promise<boolean> {
    const kept = this.#filled - this.#at;
    // Memory for a large record is taken only where the file has it.
    if (this.#needed > this.bytes.length && this.#offset + this.#needed > (await this.#file.stat()).size) {
      return this.#stop('torn-record');
    }
    if (this.#needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(this.#needed);
      this.bytes.copy(larger, 0, this.#at, this.#filled);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else this.bytes.copyWithin(0, this.#at, this.#filled);
    this.#at = 0;
    this.#filled = kept;
    const { bytesRead } = await this.#file.read(this.bytes, kept, this.bytes.length - kept, this.#offset + kept);
    if (bytesRead === 0) return this.#stop(kept === 0 ? 'end' : 'torn-record');
    this.#filled += bytesRead;
    return true;
  }

  #pass(): void {
    if (this.end === 0) return;
    const next = this.end + 4;
    this.#offset += next - this.#at;
    this.#at = next;
    this.end = 0;
  }

  #stop(reason: StopReason): false {
    this.stopped = { reason, offset: this.#offset };
    return false;
  }
}

function readError(path: string, cause: unknown): EventFileError {
  return new EventFileError('read-failed', path, `cannot read ${path}: ${reasonOf(cause)}`, { cause });
}
