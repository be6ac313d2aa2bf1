import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { assertPath } from './arguments.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { isEventFileName } from './event-file-names.js';

/** One run below a folder. */
export interface Run {
  /** As TensorBoard calls it: the folder's path relative to the root, `'.'` for the root itself. */
  readonly name: string;
  /** What `readScalars` takes. */
  readonly path: string;
}

/**
 * The runs at and below `root`, sorted by name: the folders in which event files lie, also behind symbolic links. Folders
 * below `root` that can't be read are left out, as TensorBoard leaves them out. Rejects with a `TypeError` where `root` is
 * no path, with an `EventFileError` (`read-failed`) where it can't be read.
 */
export async function findRuns(root: string): Promise<Run[]> {
  assertPath('root', root, 'a folder');
  const paths: string[] = [];
  try {
    await search(root, new Set(), paths);
  } catch (cause) {
    throw new EventFileError('read-failed', root, `cannot read ${root}: ${reasonOf(cause)}`, { cause });
  }
  const runs = paths.map((path) => ({ name: relative(root, path) || '.', path }));
  return runs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `above` holds the real paths of the folders above: a link to one of them is a loop. */
async function search(folder: string, above: ReadonlySet<string>, found: string[]): Promise<void> {
  const real = await realpath(folder);
  if (above.has(real)) return;
  const entries = await readdir(folder, { withFileTypes: true });
  const inside = new Set([...above, real]);
  let isRun = false;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const isFolder = entry.isSymbolicLink() ? await leadsToFolder(path) : entry.isDirectory();
    if (isFolder) await search(path, inside, found).catch(() => {});
    else if (isFolder === false && isEventFileName(entry.name)) isRun = true;
  }
  if (isRun) found.push(folder);
}

/** Undefined where a link leads nowhere. */
async function leadsToFolder(path: string): Promise<boolean | undefined> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return undefined;
  }
}
