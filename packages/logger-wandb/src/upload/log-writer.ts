import { rmSync, writeFileSync } from 'node:fs';
import { isHeld, keepFresh, readIfThere } from './claim-file.js';
import { identityOf, type ProcessIdentity } from './process-identity.js';

/** Where the process that writes a log leaves its name. */
export function writerPath(logPath: string): string {
  return `${logPath}.writer`;
}

/** Says beside a log that this process writes it, until `release`, which never throws. Throws the file system's error. */
export function claimLog(logPath: string): { release(): void } {
  const path = writerPath(logPath);
  const text = `${JSON.stringify(identityOf(process.pid))}\n`;
  writeFileSync(path, text, { flag: 'wx' });
  const { stop } = keepFresh(path, text);
  return {
    release() {
      stop();
      removeQuietly(path);
    },
  };
}

/** The living process that said that it writes a log. */
export function writerOf(logPath: string): ProcessIdentity | undefined {
  const path = writerPath(logPath);
  const writer = parse(readIfThere(path));
  return writer !== undefined && isHeld(path, writer) ? writer : undefined;
}

/** Removes what a process left that is gone. */
export function forgetDeadWriter(logPath: string): void {
  if (writerOf(logPath) === undefined) removeQuietly(writerPath(logPath));
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What stays names a process that is gone.
  }
}

/** Nothing for what a crash left half written. */
function parse(text = ''): ProcessIdentity | undefined {
  try {
    const writer = JSON.parse(text) as ProcessIdentity;
    return Number.isInteger(writer.pid) ? writer : undefined;
  } catch {
    return undefined;
  }
}
