import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

const BUFFER_BYTES = 64 * 1024;
const MAX_AGE_MS = 250;

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
  /** Drains and closes; closes also where draining throws. */
  close(): void;
}

/** Creates a file at `path`; fails where there is one. */
export function createLogFile(path: string): LogFile {
  const fd = openSync(path, 'wx');
  let pending: Uint8Array = Buffer.allocUnsafeSlow(2 * BUFFER_BYTES);
  let filled = 0;
  let written = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function drain(): void {
    clearTimeout(timer);
    timer = undefined;
    let from = 0;
    try {
      while (from < filled) from += writeSync(fd, pending, from, filled - from);
    } finally {
      if (from < filled) pending.copyWithin(0, from, filled);
      filled -= from;
      written = performance.now();
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
      if (filled >= BUFFER_BYTES) drain();
    },
    settle() {
      if (filled === 0) return;
      if (performance.now() - written > MAX_AGE_MS) return drain();
      timer ??= setTimeout(() => {
        try {
          drain();
        } catch {
          // The bytes still wait: the next call that writes them throws to someone who can tell the user.
        }
      }, MAX_AGE_MS).unref();
    },
    sync() {
      drain();
      fsyncSync(fd);
    },
    close() {
      try {
        drain();
      } finally {
        closeSync(fd);
      }
    },
  };
}
