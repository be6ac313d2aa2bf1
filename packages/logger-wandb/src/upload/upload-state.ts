import { open, readFile, rename } from 'node:fs/promises';
import { LoggerError } from '@microbatch/core/logger';
import type { LineCounts } from './line-counts.js';

/**
 * How far a log's upload has come. A row's place on the server is `base` + its number in the log, always, so sending it
 * again changes nothing; `base` is on the disk before the first row leaves.
 */
export interface UploadState {
  readonly version: 1;
  /** Which server has the run, without anything secret. */
  readonly baseUrl: string;
  readonly entity: string;
  readonly project: string;
  readonly runId: string;
  /** Lines that the server had of the run before this log's first. */
  readonly base: LineCounts;
  /** Lines of this log that the server may have. */
  readonly sent: LineCounts;
  /** Lines of this log that the server said it has. */
  readonly acknowledged: LineCounts;
  /** Files that are dealt with, in the log's order. */
  readonly files: number;
  /** Artifacts that are dealt with, in the log's order. */
  readonly artifacts: number;
  readonly complete: boolean;
  /** How much of the log was read when the run was complete: a log that has grown since was taken while it was written. */
  readonly logBytes?: number;
  /** Another process went on with the run: what is left can only go behind what that one sent. */
  readonly continued?: true;
  /** The folder beside the run's that took over what was not sent: nothing more is to be sent from this log. */
  readonly handedOver?: string;
}

/** Where a log's upload state is. */
function statePath(logPath: string): string {
  return `${logPath}.upload.json`;
}

/**
 * Reads the state beside a log; nothing where its upload never began. Throws a `LoggerError` (`upload-state-damaged`)
 * where it can't be read: without it, rows could be sent twice.
 */
export async function readUploadState(logPath: string): Promise<UploadState | undefined> {
  const path = statePath(logPath);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as UploadState;
    const counts = [state.base, state.sent, state.acknowledged];
    const areCounts = counts.every((count) => [count.history, count.events, count.output].every(Number.isInteger));
    if (state.version === 1 && areCounts && [state.files, state.artifacts].every(Number.isInteger)) return state;
    throw new TypeError('it lacks what an upload state has');
  } catch (cause) {
    const message = `${path} is damaged, so it is not known what the server has: ${(cause as Error).message}`;
    throw new LoggerError('wandb', 'upload-state-damaged', message, { cause });
  }
}

/** Puts the state beside the log at once: a reader finds the old one or the new one. `durable` also survives a power failure. */
export async function saveUploadState(logPath: string, state: UploadState, durable: boolean): Promise<void> {
  const path = statePath(logPath);
  const fresh = `${path}.${process.pid}`;
  const file = await open(fresh, 'w');
  try {
    await file.writeFile(`${JSON.stringify(state)}\n`);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}
