import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A new run's id and its own new folder. */
export interface RunFolder {
  readonly id: string;
  readonly folder: string;
}

/** Makes a folder for a run below `out`; never one that was there. Throws an `Error` that names `--out` and its value. */
export function makeRunFolder(out: string, now: Date = new Date()): RunFolder {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '')
    .replace('T', '-');
  const id = `mnist-${time}-${randomBytes(3).toString('hex')}`;
  const folder = join(out, id);
  try {
    mkdirSync(out, { recursive: true });
    mkdirSync(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`--out '${out}': cannot make the run's folder there (${code})`, { cause });
  }
  return { id, folder };
}
