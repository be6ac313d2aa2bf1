import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { isAlive, isLocal, type ProcessIdentity } from './process-identity.js';

const TOUCH_EVERY_MS = 10_000;
/** How old the file of another machine's process may be before the process counts as gone. */
const LEASE_MS = 60_000;

/** Touches a file again and again while it holds `text`, so that other machines see that its process is there. */
export function keepFresh(path: string, text: string): { readonly stop: () => void } {
  const timer = setInterval(() => touch(path, text), TOUCH_EVERY_MS).unref();
  return { stop: () => clearInterval(timer) };
}

/** Whether the process that a file names is there: another machine's must have touched the file within a minute. */
export function isHeld(path: string, holder: ProcessIdentity): boolean {
  return isLocal(holder) ? isAlive(holder) : ageMs(path) < LEASE_MS;
}

/** The content of a file; nothing where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the last byte anew, so that a shared file system takes the time of its own clock. */
function touch(path: string, text: string): void {
  try {
    const fd = openSync(path, 'r+');
    try {
      if (readFileSync(fd, 'utf8') === text) writeSync(fd, text.slice(-1), Buffer.byteLength(text) - 1);
    } finally {
      closeSync(fd);
    }
  } catch {
    // A file that is gone, or a disk that fails: whoever uses the file finds out.
  }
}

/** By the file system's own clock, which another machine's may differ from. */
function ageMs(path: string): number {
  const probe = `${path}.${randomUUID()}`;
  let now = Date.now();
  try {
    writeFileSync(probe, '');
    now = statSync(probe).mtimeMs;
  } catch {
    // Where nothing can be written, this machine's clock has to do.
  } finally {
    rmSync(probe, { force: true });
  }
  return now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY);
}
