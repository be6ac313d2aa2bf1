import type { LoggerNotice } from '@microbatch/core/logger';
import type { WandbSettings } from '../settings/settings.js';

/** The lines that a run prints on stderr, in the Python client's manner; none where `settings.quiet`. */
export interface RunConsole {
  opened(path: string): void;
  started(url: string): void;
  closed(path: string): void;
  /** For a sink that nobody listens to. */
  notice(notice: LoggerNotice): void;
}

export function createConsole({ mode, hasKey, onlineUnavailable, quiet }: WandbSettings): RunConsole {
  const offline = mode === 'offline';

  function print(line: string): void {
    if (!quiet) process.stderr.write(`wandb: ${line}\n`);
  }

  return {
    opened(path) {
      print(`Run data is saved locally in ${path}`);
      // The notice of a mode that is not to be had says the same.
      if (offline && hasKey && !onlineUnavailable) {
        print(
          "A key is set, but runs stay offline by default: upload with `wandb sync`, or go online by transport: 'sdk'",
        );
      }
    },
    started(url) {
      print(`View run at ${url}`);
    },
    closed(path) {
      if (offline) print(`You can sync this run to the cloud by running: wandb sync ${path}`);
    },
    notice({ level, code, message }) {
      print(`${level === 'error' ? 'ERROR' : 'WARNING'} ${message} (${code}, told once)`);
    },
  };
}
