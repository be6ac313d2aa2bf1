import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { writerOf } from './log-writer.js';
import type { ProcessIdentity } from './process-identity.js';
import { uploaderOf } from './upload-lock.js';

/** A living process that writes or uploads an online run: another log of the run would be sent over its rows. */
interface RunUser {
  readonly logPath: string;
  readonly process: ProcessIdentity;
  readonly doing: 'written' | 'uploaded';
}

/** An uploader that gets no answer goes by itself after ten minutes. */
const WAIT_LIMIT_MS = 10 * 60_000;
const LOOK_EVERY_MS = 200;

/**
 * Finds who is at a run, among the run folders in `parent`, apart from the log `own`. Offline runs that are being written
 * don't count: they are brought to the server one by one.
 */
function findRunUser(parent: string, runId: string, own?: string): RunUser | undefined {
  for (const name of runFoldersOf(parent, runId)) {
    const logPath = join(parent, name, `run-${runId}.wandb`);
    if (logPath === own) continue;
    const uploader = uploaderOf(logPath);
    const writer = name.startsWith('offline-') ? undefined : writerOf(logPath);
    if (writer !== undefined) return { logPath, process: writer, doing: 'written' };
    if (uploader !== undefined) return { logPath, process: uploader, doing: 'uploaded' };
  }
  return undefined;
}

/** Throws a `LoggerError` (`run-in-use`) where a living process is at the run, apart from the log `own`. */
export function assertRunFree(parent: string, runId: string, own?: string): void {
  const user = findRunUser(parent, runId, own);
  if (user !== undefined) throw runInUse(runId, user);
}

/**
 * Resolves when nobody is at the run any more: the uploader of a process that crashed goes on by itself. Rejects with a
 * `LoggerError` (`run-in-use`) where it takes too long, and at once where a process still writes the run.
 */
export async function untilRunFree(
  parent: string,
  runId: string,
  options: { readonly onNotice: (notice: LoggerNotice) => void; readonly limitMs?: number },
): Promise<void> {
  const { onNotice, limitMs = WAIT_LIMIT_MS } = options;
  let isTold = false;
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const user = findRunUser(parent, runId);
    if (user === undefined) return;
    if (user.doing === 'written' || waitedMs >= limitMs) throw runInUse(runId, user);
    if (!isTold) {
      isTold = true;
      const message = `the run ${runId} is still ${describe(user)}: it begins when that is over`;
      onNotice({ level: 'warn', code: 'run-waits', message });
    }
    await pause(LOOK_EVERY_MS);
  }
}

function runInUse(runId: string, user: RunUser): LoggerError {
  const advice = "use another id, or mode 'offline'";
  return new LoggerError('wandb', 'run-in-use', `the run ${runId} is being ${describe(user)}: ${advice}`);
}

function describe({ logPath, process: { pid, host }, doing }: RunUser): string {
  return `${doing} by process ${pid} on ${host} (${logPath})`;
}

/** The names of a run's folders in `parent`, online and offline. */
export function runFoldersOf(parent: string, runId: string): string[] {
  try {
    return readdirSync(parent).filter((name) => /^(offline-)?run-/.test(name) && name.endsWith(`-${runId}`));
  } catch {
    // Where it can't be read, nothing can be written either, which says why.
    return [];
  }
}
