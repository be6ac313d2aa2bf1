import type { LoggerNotice } from '@microbatch/core/logger';
import type { WandbSettings } from './settings.js';

/** The lines that a run prints on stderr, in the Python client's manner. */
export interface RunConsole {
  opened(path: string): void;
  started(url: string): void;
  closed(path: string): void;
  notice(notice: LoggerNotice): void;
}

/** `onNotice` takes the notices where it is given; else they are printed, once a code, also where `settings.quiet`. */
export function createConsole(
  settings: WandbSettings,
  onNotice: ((notice: LoggerNotice) => void) | undefined,
): RunConsole {
  const told = new Set<string>();
  const offline = settings.mode === 'offline';

  function print(line: string): void {
    process.stderr.write(`wandb: ${line}\n`);
  }

  return {
    opened(path) {
      if (settings.quiet) return;
      print(`Run data is saved locally in ${path}`);
      if (offline && settings.hasKey) {
        print(
          "A key is set, but runs stay offline by default: upload with `wandb sync`, or go online by transport: 'sdk'",
        );
      }
    },
    started(url) {
      if (!settings.quiet) print(`View run at ${url}`);
    },
    closed(path) {
      if (offline && !settings.quiet) print(`You can sync this run to the cloud by running: wandb sync ${path}`);
    },
    notice(notice) {
      if (onNotice !== undefined) return onNotice(notice);
      if (told.has(notice.code)) return;
      told.add(notice.code);
      print(`${notice.level === 'error' ? 'ERROR' : 'WARNING'} ${notice.message} (${notice.code}, told once)`);
    },
  };
}
