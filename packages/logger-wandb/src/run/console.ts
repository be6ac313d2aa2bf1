import { type LoggerNotice, printLine } from '@microbatch/core/logger';
import type { WandbSettings } from '../settings/settings.js';
import type { UploadEnd } from '../upload/uplink-messages.js';

/** The lines that a run prints on stderr, in the Python client's manner; none where `settings.quiet`. */
export interface RunConsole {
  opened(path: string): void;
  started(url: string): void;
  /** The log has ended, and nothing uploads it. */
  closed(path: string): void;
  /** Waiting for the upload takes its time: how many rows there are, how many the server has, and what files wait. */
  uploading(rows: number, sentRows: number, filesWaiting: number): void;
  /** The upload is over; `end` is absent where it goes on by itself. */
  uploaded(path: string, end: UploadEnd | undefined): void;
  /** The process goes before the upload is over. */
  released(path: string): void;
  /** The user asked on the run's page for the run to stop. */
  stopRequested(): void;
  /** For a run whose notices nobody else takes. */
  notice(notice: LoggerNotice): void;
}

export function createConsole({ mode, hasKey, quiet, noticesOnly }: WandbSettings): RunConsole {
  const offline = mode === 'offline';

  function print(line: string): void {
    if (!quiet) printLine(`wandb: ${line}`);
  }

  function say(line: string): void {
    if (!noticesOnly) print(line);
  }

  function goesOn(path: string): void {
    say(`The upload goes on by itself, in the background. If it is cut off: syncRun(${JSON.stringify(path)})`);
  }

  return {
    opened(path) {
      say(`Run data is saved locally in ${path}`);
      if (offline && hasKey) {
        say("A key is set, but runs stay offline by default: upload with `wandb sync`, or go online by mode: 'online'");
      }
    },
    started(url) {
      say(`View run at ${url}`);
    },
    closed(path) {
      if (offline) say(`You can sync this run to the cloud by running: wandb sync ${shellQuoted(path)}`);
    },
    uploading(rows, sentRows, filesWaiting) {
      const files = filesWaiting === 0 ? '' : `, and ${filesWaiting} files wait`;
      say(
        `Waiting for the upload: the server has ${sentRows} of ${rows} rows${files}. Ctrl-C leaves it to go on by itself`,
      );
    },
    uploaded(path, end) {
      if (end === undefined) return goesOn(path);
      if (end.outcome === 'complete') return say(`Synced ${end.read.history} rows. View run at ${end.url}`);
      if (end.outcome === 'handed-over') {
        // Older clients send a fragment's rows over the run's first ones.
        return print(
          `What the server has not got of this run can be synced by running: wandb sync ${shellQuoted(end.fragment!)}\n` +
            `wandb: with wandb before 0.28.1: wandb sync --append ${end.fragment}`,
        );
      }
      print(`The upload failed: ${end.error?.message}. Everything is in ${path}`);
    },
    released: goesOn,
    stopRequested() {
      print('The run was asked to stop on its page: it ends as after Ctrl-C');
    },
    notice({ level, code, message }) {
      print(`${level === 'error' ? 'ERROR' : 'WARNING'} ${message} (${code}, told once)`);
    },
  };
}

/** A word that a shell takes as it is. */
function shellQuoted(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A listener of the user's: what it throws would end the program in the middle of a run, and is printed instead. */
export function guardedListener(listener: (notice: LoggerNotice) => void): (notice: LoggerNotice) => void {
  return (notice) => {
    try {
      listener(notice);
    } catch (error) {
      printLine(`wandb: onNotice threw: ${error instanceof Error ? error.stack : error}`);
    }
  };
}
