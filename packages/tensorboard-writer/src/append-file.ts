import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
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
  #isTorn = false;

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

  /** Throws an `EventFileError` where the file was deleted. */
  assertLinked(): void {
    if (this.#countsLinks && fstatSync(this.#fd).nlink === 0) {
      throw new EventFileError('file-deleted', this.path, `${this.path} was deleted while it was being written`);
    }
  }

  /** Appends the records `bytes[0, length)`. Throws an `EventFileError`. */
  append(bytes: Uint8Array, length: number): void {
    let written = 0;
    try {
      this.assertLinked();
      if (this.#isTorn) this.#cut();
      while (written < length) written += writeSync(this.#fd, bytes, written, length - written);
      this.#size += length;
    } catch (cause) {
      const { end } = wholeRecords(bytes, written);
      this.#size += end;
      if (written > end) this.#isTorn = true;
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

  #cut(): void {
    ftruncateSync(this.#fd, this.#size);
    this.#isTorn = false;
  }

  #tryToCut(): void {
    try {
      if (this.#isTorn) this.#cut();
    } catch {
      // The disk takes nothing at all: the next append begins with it.
    }
  }

  #failure(cause: unknown): EventFileError {
    if (cause instanceof EventFileError) return cause;
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
