import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const BUFFER_BYTES = 64 * 1024;
const WRITE_THROUGH_MS = 250;

/**
 * A file that only grows. What is `put` waits in memory; after a failed write it still waits, so that the next try goes on
 * where the file really ends.
 */
export interface LogFile {
  put(bytes: Uint8Array): void;
  /** Says that the bytes put so far are whole. Writes them to the OS when 64 KiB wait. */
  commit(): void;
  /**
   * Writes what waits to the OS when the last write is over 250 ms old; else a timer does it that does not keep the
   * process alive. To be called at the end of each call from outside.
   */
  settle(): void;
  /** Drains, and returns when the bytes are on the disk. */
  sync(): void;
  /** Drains and closes; where draining throws, cuts the file back to whole records before it closes. */
  close(): void;
}

/** Creates a file at `path`; fails where there is one. */
export function createLogFile(path: string): LogFile {
  const fd = openSync(path, 'wx');
  let pending: Uint8Array = Buffer.allocUnsafeSlow(2 * BUFFER_BYTES);
  let filled = 0;
  let lastWriteMs = Number.NEGATIVE_INFINITY;
  // Where the records end that wait, how much the file holds, and how much of that is whole records.
  let ends: number[] = [];
  let size = 0;
  let wholeSize = 0;
  let timer: NodeJS.Timeout | undefined;

  function drain(): void {
    clearTimeout(timer);
    timer = undefined;
    let from = 0;
    try {
      while (from < filled) from += writeSync(fd, pending, from, filled - from);
    } finally {
      if (from < filled) pending.copyWithin(0, from, filled);
      const written = from;
      const rest = ends.findIndex((end) => end > written);
      const whole = rest === -1 ? ends.length : rest;
      if (whole > 0) wholeSize = size + ends[whole - 1]!;
      ends = ends.slice(whole).map((end) => end - written);
      size += from;
      filled -= from;
      lastWriteMs = performance.now();
    }
  }

  return {
    put(bytes) {
      if (filled + bytes.length > pending.length) {
        const larger = Buffer.allocUnsafeSlow(2 * (filled + bytes.length));
        larger.set(pending.subarray(0, filled));
        pending = larger;
      }
      pending.set(bytes, filled);
      filled += bytes.length;
    },
    commit() {
      ends.push(filled);
      if (filled >= BUFFER_BYTES) drain();
    },
    settle() {
      if (filled === 0) return;
      if (performance.now() - lastWriteMs > WRITE_THROUGH_MS) return drain();
      timer ??= setTimeout(() => {
        try {
          drain();
        } catch {
          // The bytes still wait: the next call that writes them throws to someone who can tell the user.
        }
      }, WRITE_THROUGH_MS).unref();
    },
    sync() {
      drain();
      fsyncSync(fd);
    },
    close() {
      try {
        drain();
      } catch (error) {
        // wandb sync gives up on a file that ends inside a record.
        ftruncateSync(fd, wholeSize);
        throw error;
      } finally {
        closeSync(fd);
      }
    },
  };
}
