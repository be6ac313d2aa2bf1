import { existsSync } from 'node:fs';
import { LoggerError } from '@microbatch/core/logger';
import { syncRun, type UploadProgress, type UploadResult } from '@microbatch/logger-wandb';

/**
 * What became of a run. `'uploaded'`: the server has the whole of it, now; `'there'`: it had before. `'busy'`: another process
 * writes or uploads it. `'left'`: something is missing on the server, as `error` says. `'given-up'`: the signal aborted.
 */
export type SyncOutcome = 'uploaded' | 'there' | 'busy' | 'left' | 'given-up';

/** What became of one W&B log. */
export interface SyncedLog {
  readonly path: string;
  readonly outcome: SyncOutcome;
  /** Where a browser shows the run. */
  readonly url?: string;
  /** Rows that were read from the log, and that the server has of them. */
  readonly rows: { readonly read: number; readonly acknowledged: number };
  readonly error?: { readonly code: string; readonly message: string };
}

/** How logs are uploaded. */
export interface SyncLogsOptions {
  readonly baseUrl?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (path: string, progress: UploadProgress) => void;
  readonly onNotice: (path: string, message: string) => void;
  /** Told of each log when it is done with. */
  readonly onSynced: (log: SyncedLog) => void;
}

const BUSY = ['upload-running', 'run-active', 'run-in-use'];
/** What is the same for every run. */
const HOPELESS = ['no-key', 'bad-key'];

/**
 * Uploads W&B logs one after the other, each row once, as `syncRun` does; what stands in the way of one does not keep the others.
 * Rejects with a `LoggerError` or `TypeError` for what would stand in the way of all: no key, a server's address that is none.
 */
export async function syncLogs(paths: readonly string[], options: SyncLogsOptions): Promise<readonly SyncedLog[]> {
  const done: SyncedLog[] = [];
  for (const path of paths) {
    if (options.signal.aborted) break;
    const log = await syncLog(path, options);
    done.push(log);
    options.onSynced(log);
  }
  return done;
}

async function syncLog(path: string, { baseUrl, signal, onProgress, onNotice }: SyncLogsOptions): Promise<SyncedLog> {
  // The official client's mark, which ours is, too.
  const wasThere = existsSync(`${path}.synced`);
  let result: UploadResult;
  try {
    result = await syncRun(path, {
      ...(baseUrl !== undefined && { baseUrl }),
      signal,
      onProgress: (progress) => onProgress(path, progress),
      onNotice: ({ message }) => onNotice(path, message),
    });
  } catch (error) {
    return refusedLog(path, error);
  }
  const { url, read, acknowledged, error } = result;
  const about = { path, ...(url !== undefined && { url }), rows: rowsOf(read.history, acknowledged.history) };
  if (result.outcome === 'complete') return { ...about, outcome: wasThere ? 'there' : 'uploaded' };
  if (result.outcome === 'aborted') return { ...about, outcome: 'given-up' };
  if (error === undefined) return { ...about, outcome: 'there' };
  return { ...about, outcome: 'left', error: { code: error.code, message: error.message } };
}

function refusedLog(path: string, error: unknown): SyncedLog {
  const { code = 'unreadable', message } = error as NodeJS.ErrnoException;
  const isOurs = error instanceof LoggerError;
  if (error instanceof TypeError || (isOurs && HOPELESS.includes(code))) throw error;
  const isOfFile = !isOurs && (error as NodeJS.ErrnoException).code !== undefined;
  if (!isOurs && !isOfFile) throw error;
  const outcome = BUSY.includes(code) ? 'busy' : 'left';
  return { path, outcome, rows: rowsOf(0, 0), error: { code: isOurs ? code : 'unreadable', message } };
}

function rowsOf(read: number, acknowledged: number): SyncedLog['rows'] {
  return { read, acknowledged };
}
