import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { placeCopy } from './place-file.js';
import type { SavedFile } from './save-files.js';

/**
 * Makes a run's folder whole when the run ends: each link among its saved files, symbolic or hard, becomes a copy of the file
 * that it leads to, which nothing that is written later changes. Returns the paths of those whose file is gone; throws nothing.
 */
export function keepSavedFiles(filesDir: string, files: Iterable<Pick<SavedFile, 'path'>>): string[] {
  const lost: string[] = [];
  for (const { path } of files) {
    const target = join(filesDir, path);
    try {
      const entry = lstatSync(target);
      if (entry.isSymbolicLink() || entry.nlink > 1) placeCopy(realpathSync(target), target);
    } catch {
      lost.push(path);
    }
  }
  return lost;
}
