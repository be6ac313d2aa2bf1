import { type FileHandle, open } from 'node:fs/promises';
import { maskedCrc32c } from './crc32c.js';
import type { StopInfo, StopReason } from './event.js';
import { EventFileError, reasonOf } from './event-file-error.js';

const FEWEST_BYTES = 4096;
const CHUNK_BYTES = 256 * 1024;
const HEADER_BYTES = 12;
const FRAME_BYTES = 16;
// What a protobuf message can be at most.
const MOST_DATA_BYTES = 2 ** 31 - 1;

/**
 * Walks over the records of a TFRecord file: `advance()` while it says true, then `fill()`, until that says false and
 * `stopped` says why. Holds one chunk, or the largest record, in memory.
 *
 * FORMAT of a record: length:u64, crc(length):u32, data, crc(data):u32; little endian, CRC-32C, masked.
 */
export class RecordCursor {
  /** The record at hand is `bytes[start, end)`. */
  bytes: Buffer;
  start = 0;
  end = 0;
  stopped: StopInfo | undefined;
  readonly #path: string;
  readonly #file: FileHandle;
  // Read but not yet passed: bytes[#at, #filled); #offset is where #at lies in the file.
  #at = 0;
  #filled = 0;
  #offset = 0;
  #needed = FRAME_BYTES;

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.bytes = Buffer.allocUnsafeSlow(Math.min(Math.max(size, FEWEST_BYTES), CHUNK_BYTES));
  }

  static async open(path: string): Promise<RecordCursor> {
    try {
      const file = await open(path, 'r');
      return new RecordCursor(path, file, (await file.stat()).size);
    } catch (cause) {
      throw readError(path, cause);
    }
  }

  /** Goes to the next record; false where it is not wholly in memory, or damaged. */
  advance(): boolean {
    if (this.stopped !== undefined) return false;
    this.#pass();
    const { bytes } = this;
    const at = this.#at;
    this.#needed = FRAME_BYTES;
    if (this.#filled - at < HEADER_BYTES) return false;
    if (maskedCrc32c(bytes, at, at + 8) !== bytes.readUInt32LE(at + 8)) return this.#stop('length-crc');
    const length = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
    if (length > MOST_DATA_BYTES) return this.#stop('record-too-large');
    this.#needed = FRAME_BYTES + length;
    if (this.#filled - at < this.#needed) return false;
    const start = at + HEADER_BYTES;
    if (maskedCrc32c(bytes, start, start + length) !== bytes.readUInt32LE(start + length))
      return this.#stop('data-crc');
    this.start = start;
    this.end = start + length;
    return true;
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

  async #read(): Promise<boolean> {
    const kept = this.#filled - this.#at;
    // Memory for a large record is taken only where the file has it.
    if (this.#needed > this.bytes.length && this.#offset + this.#needed > (await this.#file.stat()).size) {
      return this.#stop('torn-record');
    }
    const target = this.#needed > this.bytes.length ? Buffer.allocUnsafeSlow(this.#needed) : this.bytes;
    this.bytes.copy(target, 0, this.#at, this.#filled);
    this.bytes = target;
    this.#at = 0;
    this.#filled = kept;
    const { bytesRead } = await this.#file.read(target, kept, target.length - kept, this.#offset + kept);
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
