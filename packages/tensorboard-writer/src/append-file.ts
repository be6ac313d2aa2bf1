import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, type Stats, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EventFileError, reasonOf } from './event-file-error.js';
import { eventFileNames, nextEventFileName } from './event-file-names.js';
import { makeFolders } from './make-folders.js';
import { wholeRecords } from './record-frame.js';

/**
 * A new event file on the disk, which only grows, and only by whole records: what a failed write left of a record is cut
 * off at once, so that loaders and a killed process find the file whole.
 */
export class AppendFile {
  readonly path: string;
  readonly #fd: number;
  // Some file systems always say 0.
  readonly #countsLinks: boolean;
  #size = 0;
  // What a failed write left of a record behind the whole ones.
  #tornBytes = 0;

  /** Creates `directory` where it is missing, and the file in it. Throws an `EventFileError`. */
  constructor(directory: string, nowMs: number) {
    try {
      makeFolders(directory);
      [this.path, this.#fd] = createFile(directory, nowMs);
      this.#countsLinks = fstatSync(this.#fd).nlink > 0;
    } catch (cause) {
      const message = `logDir ${JSON.stringify(directory)} cannot be written: ${reasonOf(cause)}`;
      throw new EventFileError('open-failed', directory, message, { cause });
    }
  }

  /** Bytes of the whole records that the file holds: after an `append` that failed, how far it came. */
  get size(): number {
    return this.#size;
  }

  /** Throws an `EventFileError`: `file-deleted` where the file was deleted, or is not as long as this left it. */
  assertIntact(): void {
    const { nlink, size } = this.#stat();
    const expected = this.#size + this.#tornBytes;
    if (this.#countsLinks && nlink === 0) {
      throw new EventFileError('file-deleted', this.path, `${this.path} was deleted while it was being written`);
    }
    if (size !== expected) {
      // No reader gets over the torn record that a cut leaves: what is added behind it would be lost.
      const message = `${this.path} was changed while it was being written: it has ${size} bytes instead of ${expected}`;
      throw new EventFileError('file-deleted', this.path, message);
    }
  }

  /** Appends the records `bytes[0, length)`. Throws an `EventFileError`. */
  append(bytes: Uint8Array, length: number): void {
    this.assertIntact();
    let written = 0;
    try {
      if (this.#tornBytes > 0) this.#cut();
      while (written < length) written += writeSync(this.#fd, bytes, written, length - written);
      this.#size += length;
    } catch (cause) {
      const { end } = wholeRecords(bytes, written);
      this.#size += end;
      if (written > end) this.#tornBytes = written - end;
      this.#tryToCut();
      throw this.#failure(cause);
    }
  }

  /** Makes everything durable. Throws an `EventFileError`. */
  sync(): void {
    try {
      fsyncSync(this.#fd);
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #stat(): Stats {
    try {
      return fstatSync(this.#fd);
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  #cut(): void {
    ftruncateSync(this.#fd, this.#size);
    this.#tornBytes = 0;
  }

  #tryToCut(): void {
    try {
      if (this.#tornBytes > 0) this.#cut();
    } catch {
      // The disk takes nothing at all: the next append begins with it.
    }
  }

  #failure(cause: unknown): EventFileError {
    return new EventFileError('write-failed', this.path, `cannot write ${this.path}: ${reasonOf(cause)}`, { cause });
  }
}

function createFile(directory: string, nowMs: number): [path: string, fd: number] {
  for (;;) {
    const path = join(directory, nextEventFileName(eventFileNames(directory), nowMs));
    try {
      // Created here or not at all; each write goes to the end, also after a cut.
      return [path, openSync(path, 'ax')];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
