import { randomUUID } from 'node:crypto';
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { LoggerError } from '@microbatch/core/logger';
import { decodeRecord } from '../log/read-log.js';
import { isHeld, keepFresh, readIfThere } from './claim-file.js';
import { openLogTail } from './log-tail.js';
import { forgetDeadWriter, writerOf } from './log-writer.js';
import { identityOf, isLocal, type ProcessIdentity } from './process-identity.js';

/** The right to upload a log: two at once could send its rows twice. */
export interface UploadLock {
  release(): void;
}

interface LockContent {
  readonly uploader: ProcessIdentity;
  /** The process that writes the log, where the upload began beside it. */
  readonly writer?: ProcessIdentity;
}

/** Where a log's lock is. */
export function lockPath(logPath: string): string {
  return `${logPath}.upload.lock`;
}

/**
 * Takes the lock of a log; one whose process is gone is taken over. `writer` is the process that writes the log, for an
 * uploader that goes on to its end. Throws a `LoggerError` that names the process: `upload-running` where another process
 * uploads the log, `run-active` where the log is still being written, so that it can't be ended where it ends now.
 */
export async function lockUpload(logPath: string, writer?: ProcessIdentity): Promise<UploadLock> {
  const path = lockPath(logPath);
  const content: LockContent = { uploader: identityOf(process.pid), ...(writer && { writer }) };
  const text = `${JSON.stringify(content)}\n`;
  if (writer === undefined) await refuseWhereWritten(logPath, writerOf(logPath));
  for (;;) {
    if (create(path, text)) {
      const { stop } = keepFresh(path, text);
      return {
        release() {
          stop();
          remove(path, text);
          forgetDeadWriter(logPath);
        },
      };
    }
    const found = readIfThere(path);
    if (found === undefined) continue;
    const other = parse(found);
    if (other !== undefined) await refuseWhereBusy(logPath, other);
    remove(path, found);
  }
}

/** The living process that uploads a log. */
export function uploaderOf(logPath: string): ProcessIdentity | undefined {
  const path = lockPath(logPath);
  const { uploader } = parse(readIfThere(path) ?? '') ?? {};
  return uploader !== undefined && isHeld(path, uploader) ? uploader : undefined;
}

async function refuseWhereBusy(logPath: string, { uploader, writer }: LockContent): Promise<void> {
  const path = lockPath(logPath);
  if (isHeld(path, uploader)) {
    const where = `process ${uploader.pid} on ${uploader.host}`;
    const advice = isLocal(uploader)
      ? `if that is not so, delete ${path}`
      : `if that is gone, try again in a minute, or delete ${path}`;
    throw new LoggerError('wandb', 'upload-running', `${logPath} is being uploaded by ${where}; ${advice}`);
  }
  if (writer !== undefined && isHeld(path, writer)) await refuseWhereWritten(logPath, writer);
}

async function refuseWhereWritten(logPath: string, writer: ProcessIdentity | undefined): Promise<void> {
  if (writer === undefined || (await hasExit(logPath))) return;
  const advice = isLocal(writer) ? '' : ', or, if that is gone already, in a minute';
  const where = `process ${writer.pid} on ${writer.host}`;
  const message = `${logPath} is still being written by ${where}: upload it when that ended${advice}`;
  throw new LoggerError('wandb', 'run-active', message);
}

/** Creates the file with its content at once; returns whether there was none. */
function create(path: string, text: string): boolean {
  const fresh = `${path}.${randomUUID()}`;
  try {
    writeFileSync(fresh, text);
    linkSync(fresh, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return createPlain(path, text);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Where the file system has no links: a reader may find the file while it is empty. */
function createPlain(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock that holds `text`, and no other that took its place. */
function remove(path: string, text: string): void {
  const taken = `${path}.${randomUUID()}`;
  try {
    renameSync(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const found = readIfThere(taken);
  if (found !== undefined && found !== text) create(path, found);
  rmSync(taken, { force: true });
}

/** Nothing for what a crash left half written. */
function parse(text: string): LockContent | undefined {
  try {
    const content = JSON.parse(text) as LockContent;
    return Number.isInteger(content.uploader.pid) ? content : undefined;
  } catch {
    return undefined;
  }
}

async function hasExit(logPath: string): Promise<boolean> {
  const tail = await openLogTail(logPath, () => {});
  try {
    for (let found = await tail.next(); found !== undefined; found = await tail.next()) {
      if (decodeRecord(found).type === 'exit') return true;
    }
    return false;
  } finally {
    await tail.close();
  }
}
