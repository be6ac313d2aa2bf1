import { constants, copyFileSync, linkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../run/make-folders.js';

/** Puts a copy of a file at `target`, whole or not at all; on a file system that can, the two share their blocks. */
export function placeCopy(source: string, target: string): void {
  place(target, (temporary) => copyFileSync(source, temporary, constants.COPYFILE_FICLONE));
}

/** Puts at `target` what follows the file at `source` through its changes: a symbolic link; where there is none, a hard link or a copy. */
export function placeLink(source: string, target: string): void {
  place(target, (temporary) => tryInTurn([symlinkSync, linkSync, copyFileSync], source, temporary));
}

/** Puts a file of these bytes at `target`, whole or not at all. */
export function placeBytes(bytes: Uint8Array, target: string): void {
  place(target, (temporary) => writeFileSync(temporary, bytes));
}

function place(target: string, make: (temporary: string) => void): void {
  makeFolders(dirname(target));
  const temporary = `${target}.tmp`;
  try {
    rmSync(temporary, { force: true });
    make(temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function tryInTurn(ways: readonly ((source: string, target: string) => void)[], source: string, target: string): void {
  for (const [index, way] of ways.entries()) {
    try {
      way(source, target);
      return;
    } catch (error) {
      if (index === ways.length - 1) throw error;
    }
  }
}
