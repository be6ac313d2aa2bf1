import { join } from 'node:path';
import { createEventFile, type EventFile, type EventFileOptions } from './event-file.js';
import { subRunFolder } from './sub-run-folder.js';

/** The event files of a run, and of the runs below it that are parts of it. */
export interface RunFiles {
  readonly main: EventFile;
  /** The file of the part called `name`, made where there is none yet. Throws an `EventFileError`. */
  below(name: string): EventFile;
  flush(): void;
  /** Lets all files go, also where that throws. */
  close(): void;
}

/** Creates a run's file in `logDir`, which is created where it is missing. Throws an `EventFileError`. */
export function createRunFiles(logDir: string, options: EventFileOptions): RunFiles {
  const main = createEventFile(logDir, options);
  const parts = new Map<string, EventFile>();
  const mayOpenLater = options.onError !== undefined;

  return {
    main,
    below(name) {
      const folder = subRunFolder(name);
      let file = parts.get(folder);
      if (file === undefined) {
        file = createEventFile(join(logDir, folder), { ...options, mayOpenLater });
        parts.set(folder, file);
      }
      return file;
    },
    flush() {
      for (const file of [main, ...parts.values()]) file.flush();
    },
    close() {
      const errors: unknown[] = [];
      for (const file of [main, ...parts.values()]) {
        try {
          file.close();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
