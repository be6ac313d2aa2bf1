import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A run and its own folder. */
export interface RunFolder {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
}

/** A name for a run, and for the folder below `out` that is to be its own. */
export function nameRunFolder(out: string, prefix: string, now: Date = new Date()): RunFolder {
  const id = randomBytes(4).toString('hex');
  const time = now.toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = `${prefix}-${time}-${id}`;
  return { id, name, folder: join(out, name) };
}

/** Makes a run's folder; never one that was there. Throws an `Error` that names `--out` and its value. */
export function makeRunFolder(out: string, folder: string): void {
  try {
    makeFolders(out);
    mkdirSync(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`--out '${out}': cannot make the run's folder there (${code})`, { cause });
  }
}

// Node's own `recursive` never returns where a folder's file system refuses with ENOENT, as /proc does.
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
