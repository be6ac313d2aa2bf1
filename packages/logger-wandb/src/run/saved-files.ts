import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { keepSavedFiles } from '../files/keep-saved-files.js';
import { saveFiles } from '../files/save-files.js';
import type { FilePolicy } from '../log/records.js';

/** Which files `save()` takes, and when they are uploaded. */
export interface SaveOptions {
  /**
   * The folder that paths are kept from; the working directory where absent, or for an absolute pattern the folder two above
   * its last name.
   */
  readonly base?: string;
  /** `'now'` as the file is; `'end'` as it is when the run ends; `'live'`, where absent, both. */
  readonly policy?: FilePolicy;
  /** Whether `*`, `?` and `[` stand for other characters; true where absent. */
  readonly glob?: boolean;
}

/** The files that a user puts into a run's folder. */
export interface SavedFiles {
  /** Returns the paths below `filesDir`, none where nothing is there or can be had: that is told. Throws a `TypeError` or `RangeError`. */
  save(pattern: string, options: SaveOptions): string[];
  /** The run ends: its folder must hold all that an upload needs. */
  keep(): void;
}

export function createSavedFiles(filesDir: string, onNotice: (notice: LoggerNotice) => void): SavedFiles {
  const saved = new Set<string>();

  return {
    save(pattern, { base, policy, glob }) {
      try {
        const paths = saveFiles(pattern, { filesDir, base, policy, glob }).map(({ path }) => path);
        for (const path of paths) saved.add(path);
        return paths;
      } catch (error) {
        if (error instanceof TypeError || error instanceof RangeError) throw error;
        const code = error instanceof LoggerError ? error.code : 'save-failed';
        onNotice({ level: 'warn', code, message: `${pattern} is not saved: ${(error as Error).message}` });
        return [];
      }
    },
    keep() {
      const lost = keepSavedFiles(
        filesDir,
        Array.from(saved, (path) => ({ path })),
      );
      if (lost.length === 0) return;
      onNotice({ level: 'warn', code: 'file-not-kept', message: `saved files are gone: ${lost.join(', ')}` });
    },
  };
}
