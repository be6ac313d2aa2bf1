import { openSync } from 'node:fs';
import { extname, join } from 'node:path';
import { makeFolders } from './make-folders.js';

/** How the journals' names end, unless the user names the file. */
export const JOURNAL_SUFFIX = '.microbatch.jsonl';

/**
 * Creates a file that was not there: `name`, or else `name` with `-2`, `-3` … before its ending. Makes the folders above
 * it. Returns its path and a descriptor open for writing.
 */
export function createNextFree(dir: string, name: string): { readonly path: string; readonly fd: number } {
  const ending = name.endsWith(JOURNAL_SUFFIX) ? JOURNAL_SUFFIX : extname(name);
  const stem = name.slice(0, name.length - ending.length);
  makeFolders(dir);
  for (let count = 1; ; count++) {
    const path = join(dir, count === 1 ? name : `${stem}-${count}${ending}`);
    try {
      return { path, fd: openSync(path, 'wx') };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Refuses what would lie outside its folder or can't be a file's name, with a `TypeError` that names `option`. */
export function assertFileName(option: string, name: unknown): asserts name is string {
  const isName = typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
  if (!isName) throw new TypeError(`${option} must be a file's name without a folder, not ${JSON.stringify(name)}`);
}
