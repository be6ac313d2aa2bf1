import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeFolders } from './make-folders.js';

/** Where one run's files are. */
export interface RunFolder {
  readonly path: string;
  readonly logPath: string;
}

const MAX_TRIES = 60;

/**
 * Makes `<dir>/wandb/<kind>-YYYYMMDD_HHMMSS-<id>` (local time), its `files/`, and best effort the link
 * `<dir>/wandb/latest-run` to it. Where a run of that name stands, the time in the name goes on a second; no file is ever
 * opened twice. Throws the file system's error.
 */
export function createRunFolder(
  dir: string,
  run: { readonly id: string; readonly startedAt: number },
  kind: 'offline-run' | 'run',
): RunFolder {
  const parent = join(dir, 'wandb');
  makeFolders(parent);
  const path = makeUnique(parent, run, kind);
  mkdirSync(join(path, 'files'));
  linkLatest(parent, basename(path));
  return { path, logPath: join(path, `run-${run.id}.wandb`) };
}

/** Makes the folder itself in `parent`, under a name that nothing has; returns its path. */
export function makeUnique(
  parent: string,
  run: { readonly id: string; readonly startedAt: number },
  kind: string,
): string {
  for (let seconds = 0; ; seconds++) {
    const path = join(parent, `${kind}-${timespec(new Date(run.startedAt + seconds * 1000))}-${run.id}`);
    try {
      mkdirSync(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || seconds === MAX_TRIES) throw error;
    }
  }
}

function timespec(time: Date): string {
  const [year, ...rest] = [
    time.getFullYear(),
    time.getMonth() + 1,
    time.getDate(),
    time.getHours(),
    time.getMinutes(),
    time.getSeconds(),
  ].map((part) => String(part).padStart(2, '0'));
  return `${year}${rest[0]}${rest[1]}_${rest[2]}${rest[3]}${rest[4]}`;
}

function linkLatest(parent: string, target: string): void {
  const link = join(parent, 'latest-run');
  const fresh = join(parent, `.latest-run-${process.pid}`);
  try {
    symlinkSync(target, fresh);
    renameSync(fresh, link);
  } catch {
    // A convenience that some file systems don't offer; the run does not depend on it.
    rmSync(fresh, { force: true });
  }
}
