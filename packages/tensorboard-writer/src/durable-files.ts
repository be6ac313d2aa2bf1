import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a file shall hold. */
export interface FileContents {
  readonly path: string;
  readonly chunks: Iterable<string | Uint8Array>;
}

/**
 * Puts files in their places, durably, and each whole or not at all: all are written beside their places first, then
 * renamed in their order. Throws what the file system throws, with nothing half-written.
 */
export function writeDurably(files: readonly FileContents[]): void {
  const written: { path: string; temporary: string }[] = [];
  try {
    for (const { path, chunks } of files) {
      const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
      written.push({ path, temporary });
      const fd = openSync(temporary, 'wx');
      try {
        for (const chunk of chunks) writeFileSync(fd, chunk);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
    for (const { path, temporary } of written) renameSync(temporary, path);
  } finally {
    for (const { temporary } of written) rmSync(temporary, { force: true });
  }
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) syncFolder(folder);
}

// A rename is durable with its folder. Windows opens no folders.
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
