import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { createArtifactApi } from '../artifacts/artifact-api.js';
import { createGraphql } from './graphql.js';
import { countLines, type LineCounts } from './line-counts.js';
import { openLogFeed } from './log-feed.js';
import { createPendingPosts } from './pending-posts.js';
import { createRequester, UploadAborted } from './requester.js';
import { createRunFiles, type FilesWaiting } from './run-files.js';
import { createRunStream } from './run-stream.js';
import { checkedApiKey, checkedBaseUrl, runUrl } from './server-address.js';
import { createServerApi } from './server-api.js';
import { systemTimers, type UploadTimers } from './timers.js';
import { readUploadState, type UploadState } from './upload-state.js';

/** Which log goes where, and who is told. */
export interface UploadOptions {
  /** The `.wandb` file; the run's other files are in `files/` beside it. */
  readonly logPath: string;
  /** The server, as `https://api.wandb.ai`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /**
   * Aborts when nobody writes the log any more: the run then ends where the log ends. Until then it goes on to the exit
   * record. Nobody writes where it is absent.
   */
  readonly logEnded?: AbortSignal;
  /** Gives the upload up, at once; it goes on where it was when it is started again. */
  readonly signal?: AbortSignal;
  /** Told when the server has the run, after each post, and when the log has ended. Must not throw. */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** Told of what goes wrong without ending the upload. Must not throw. */
  readonly onNotice?: (notice: LoggerNotice) => void;
  /** Characters of lines that are kept in memory and sent in one post, 4 Mi where absent; the server takes 10 MiB. */
  readonly maxPostSize?: number;
  readonly timers?: UploadTimers;
}

/** How far an upload has come. */
export interface UploadProgress {
  /** Where a browser shows the run; absent before the server knows it. */
  readonly url: string | undefined;
  /** Lines read from the log. */
  readonly read: LineCounts;
  /** Lines of the log that the server has. */
  readonly acknowledged: LineCounts;
  /** What of the log waits beside its lines. */
  readonly files: FilesWaiting;
  /** The user asked, on the run's page, for the run to stop. */
  readonly stopRequested: boolean;
}

/** How an upload ended, and how far it came. */
export interface UploadResult extends UploadProgress {
  /**
   * `'complete'`: the server has the whole run; `'aborted'`: by the signal; `'failed'`: see `error`; `'handed-over'`: a
   * fragment holds what is missing.
   */
  readonly outcome: 'complete' | 'aborted' | 'failed' | 'handed-over';
  readonly error?: LoggerError;
}

const MAX_POST_SIZE = 4 * 1024 * 1024;
const POST_EVERY_MS = 15_000;
const HEARTBEAT_EVERY_MS = 30_000;
const LOOK_EVERY_MS = 250;

/**
 * Brings the run of a `.wandb` log to a W&B server, each line once: also when it was killed, and started again on the same
 * log. What can't be cured by trying again ends it as `'failed'`; everything else is tried until the signal aborts.
 * Rejects with a `TypeError` for wrong options, a `LoggerError` where the upload state can't be trusted
 * (`upload-state-damaged`, `other-server`), or the file system's error.
 */
export async function uploadRun(options: UploadOptions): Promise<UploadResult> {
  const { logPath, logEnded, timers = systemTimers, onProgress, onNotice = () => {} } = options;
  const baseUrl = checkedBaseUrl(options.baseUrl);
  const apiKey = checkedApiKey(options.apiKey);
  const over = new AbortController();
  const { signal } = over;
  let asleep: AbortController | undefined;
  let toldEnd = false;
  const wake = () => asleep?.abort();
  const before = await readUploadState(logPath);
  const requester = createRequester({ apiKey, timers, signal, onNotice });
  const api = createServerApi(baseUrl, requester);
  const artifactApi = createArtifactApi(baseUrl, createGraphql(baseUrl, requester));
  const maxSize = options.maxPostSize ?? MAX_POST_SIZE;
  const pending = createPendingPosts({ maxSize, onPrinted: (line) => files.print(line), onNotice });
  const filesDir = join(dirname(logPath), 'files');
  const files = createRunFiles({ filesDir, pending, api, artifactApi, requester, onDone: wake, onNotice });
  const stream = createRunStream({ logPath, baseUrl, before, pending, api, timers, onNotice });

  function progress(): UploadProgress {
    const run = stream.run ?? (before?.runId ? before : undefined);
    return {
      url: run && runUrl(baseUrl, run),
      read: countLines(pending.streams, 'total'),
      acknowledged: countLines(pending.streams, 'acknowledged'),
      files: files.waiting,
      stopRequested: stream.stopRequested,
    };
  }

  if (before?.handedOver !== undefined) {
    return { ...progress(), acknowledged: before.acknowledged, outcome: 'handed-over' };
  }
  // The mark may be the official client's.
  const isOver = existsSync(`${logPath}.synced`) || before?.complete;
  if (isOver && !(await hasGrown(logPath, before))) {
    return { ...progress(), ...(before && { acknowledged: before.acknowledged }), outcome: 'complete' };
  }
  if (before !== undefined && before.baseUrl !== baseUrl) {
    const message = `${logPath} was begun to be uploaded to ${before.baseUrl}, not ${baseUrl}`;
    throw new LoggerError('wandb', 'other-server', message);
  }

  const feed = await openLogFeed(logPath, pending, { logEnded, onNotice });
  pending.files.acknowledge(before?.files ?? 0);
  pending.artifacts.acknowledge(before?.artifacts ?? 0);
  let postedAt = Number.NEGATIVE_INFINITY;
  let logBytes = 0;
  const abort = () => {
    over.abort();
    wake();
  };
  if (options.signal?.aborted) abort();
  options.signal?.addEventListener('abort', abort);
  logEnded?.addEventListener('abort', wake);

  async function sleep(ms: number): Promise<void> {
    asleep = new AbortController();
    if (!signal.aborted) await timers.wait('log', ms, asleep.signal);
    asleep = undefined;
  }

  async function step(): Promise<'over' | 'going-on'> {
    // Asked before the log is read: what is written between the two is there for the next upload.
    if (pending.exitCode === undefined) logBytes = await sizeOf(logPath);
    await feed.fill();
    const { exitCode, bucket } = pending;
    if (stream.run === undefined) {
      if (bucket.runId !== '') {
        await stream.start();
        onProgress?.(progress());
      } else if (exitCode === undefined) {
        await sleep(LOOK_EVERY_MS);
        return 'going-on';
      } else {
        throw new LoggerError('wandb', 'no-run', `${logPath} holds no run record`);
      }
    }
    if (exitCode !== undefined) await files.writeEnd();
    files.start(stream.run!);
    if (exitCode !== undefined && !toldEnd) {
      toldEnd = true;
      onProgress?.(progress());
    }
    const isIdle = !files.isBusy && !pending.hasData;
    if (exitCode !== undefined && isIdle) {
      await stream.complete(exitCode, logBytes);
      return 'over';
    }
    const isUrgent = pending.full || exitCode !== undefined;
    const everyMs = !pending.hasData ? HEARTBEAT_EVERY_MS : isUrgent ? 0 : POST_EVERY_MS;
    const waitMs = postedAt + everyMs - timers.now();
    if (waitMs > 0) {
      await sleep(exitCode === undefined ? Math.min(waitMs, LOOK_EVERY_MS) : waitMs);
      return 'going-on';
    }
    postedAt = timers.now();
    await stream.post();
    onProgress?.(progress());
    return 'going-on';
  }

  try {
    while (!signal.aborted) {
      if ((await step()) === 'over') return { ...progress(), outcome: 'complete' };
    }
    await stream.settle();
    return { ...progress(), outcome: 'aborted' };
  } catch (error) {
    await stream.settle(error);
    if (error instanceof UploadAborted) return { ...progress(), outcome: 'aborted' };
    if (error instanceof LoggerError) return { ...progress(), outcome: 'failed', error };
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
    logEnded?.removeEventListener('abort', wake);
    over.abort();
    await files.close();
    await feed.close();
  }
}

/** Whether a log that was complete has more now: it was uploaded while it was written. */
async function hasGrown(logPath: string, before: UploadState | undefined): Promise<boolean> {
  return before?.logBytes !== undefined && (await sizeOf(logPath)) > before.logBytes;
}

async function sizeOf(logPath: string): Promise<number> {
  try {
    return (await stat(logPath)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const message = `${logPath} is gone, moved or removed: nothing more is sent; what is missing can be synced from where it is`;
    throw new LoggerError('wandb', 'log-moved', message, { cause });
  }
}
