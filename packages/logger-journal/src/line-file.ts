import { closeSync, fsyncSync, ftruncateSync, writeSync } from 'node:fs';

const BUFFER_LENGTH = 64 * 1024;
/** UTF-8 has at most three bytes for each UTF-16 unit. */
const MOST_BYTES_A_UNIT = 3;
/** Text that is appended later than this after the last write to the operating system is written at once. */
export const WRITE_THROUGH_MS = 250;

/** A text file that grows by whole lines and, on disk, always ends with one. */
export interface LineFile {
  /** Takes whole lines, and writes them by itself within 250 ms. Throws if this or an earlier write failed. */
  append(lines: string): void;
  /** Makes durable what was appended, and returns the file's length in bytes. Throws if this or an earlier write failed. */
  sync(): number;
  /** `sync()`, then lets go of the file. Throws a failure that was not told yet. Idempotent. */
  close(): void;
}

/** Buffers appends to `fd`, an empty file open for writing, which it closes. */
export function lineFile(fd: number): LineFile {
  let waiting = '';
  // Reused: a new one for each write would be a third of what a journal allocates. Only rare, long lines don't fit.
  const buffer = Buffer.allocUnsafeSlow(4 * BUFFER_LENGTH);
  let size = 0;
  let lastWriteAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown; told: boolean } | undefined;
  let closed = false;

  function throwFailure(): void {
    if (failure === undefined) return;
    failure.told = true;
    throw failure.error;
  }

  function writeOut(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === '' || failure !== undefined) return;
    const fits = MOST_BYTES_A_UNIT * waiting.length <= buffer.length;
    const bytes = fits ? buffer : Buffer.from(waiting);
    const length = fits ? buffer.write(waiting) : bytes.length;
    waiting = '';
    let written = 0;
    try {
      while (written < length) written += writeSync(fd, bytes, written, length - written);
      size += length;
    } catch (error) {
      failure = { error, told: false };
      size += bytes.subarray(0, written).lastIndexOf('\n') + 1;
      cutTornLine();
    }
    lastWriteAt = performance.now();
  }

  function cutTornLine(): void {
    try {
      ftruncateSync(fd, size);
    } catch {
      // The reader passes over a torn line too; the write's own error says more than this one.
    }
  }

  function sync(): number {
    writeOut();
    throwFailure();
    fsyncSync(fd);
    return size;
  }

  return {
    append(lines) {
      throwFailure();
      waiting += lines;
      const sinceLastWriteMs = performance.now() - lastWriteAt;
      if (waiting.length >= BUFFER_LENGTH || sinceLastWriteMs >= WRITE_THROUGH_MS) writeOut();
      else timer ??= setTimeout(writeOut, WRITE_THROUGH_MS - sinceLastWriteMs).unref();
      throwFailure();
    },

    sync,

    close() {
      if (closed) return;
      closed = true;
      try {
        if (failure?.told !== true) sync();
      } finally {
        closeSync(fd);
      }
    },
  };
}
