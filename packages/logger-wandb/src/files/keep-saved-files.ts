import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { placeKept } from './place-file.js';
import type { SavedFile } from './save-files.js';

/**
 * Makes a run's folder whole when the run ends: each link among its saved files becomes the file that it leads to, so that a
 * later `wandb sync` needs nothing but the folder. Returns the paths of those whose file is gone; throws nothing.
 */
export function keepSavedFiles(filesDir: string, files: Iterable<Pick<SavedFile, 'path'>>): string[] {
  const lost: string[] = [];
  for (const { path } of files) {
    const target = join(filesDir, path);
    try {
      if (lstatSync(target).isSymbolicLink()) placeKept(realpathSync(target), target);
    } catch {
      lost.push(path);
    }
  }
  return lost;
}
