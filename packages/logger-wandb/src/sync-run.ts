import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { assertOptions, LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { resolveDestination } from './settings/destination.js';
import { hidingSecrets, withoutSecrets } from './settings/hiding-secrets.js';
import { writeFragment } from './upload/fragment.js';
import { assertRunFree } from './upload/run-users.js';
import { lockUpload } from './upload/upload-lock.js';
import { type UploadOptions, type UploadProgress, type UploadResult, uploadRun } from './upload/upload-run.js';

/** Where a run goes, and who is told. */
export interface SyncOptions {
  /** The server; `WANDB_BASE_URL` or `https://api.wandb.ai` where absent. */
  readonly baseUrl?: string;
  /** `WANDB_API_KEY` or the server's entry in the netrc file where absent. */
  readonly apiKey?: string;
  /** Told when the server has the run, and after each post. Must not throw. */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** Told of what goes wrong without ending the upload. Must not throw. */
  readonly onNotice?: (notice: LoggerNotice) => void;
  /** Gives up, at once; the next call goes on from there. */
  readonly signal?: AbortSignal;
}

const OPTION_NAMES = ['baseUrl', 'apiKey', 'onProgress', 'onNotice', 'signal'];

/**
 * Uploads a run that has ended, or what an interrupted upload left of it, each row once: `path` is its folder or its
 * `.wandb` file. A run without an exit record ends as failed, with exit code 1. A run that is uploaded already stays as it
 * is. What no other try can cure, as a refused key, is the result's `error`; it goes on trying for anything else.
 * Rejects with a `TypeError` for wrong options, a `LoggerError`: `no-key` or `bad-key`, `no-log` where there is no log,
 * `upload-running`, `run-active` or `run-in-use` where another process is at it, `upload-state-damaged`, `other-server`; or
 * the file system's error.
 */
export async function syncRun(path: string, options: SyncOptions = {}): Promise<UploadResult> {
  const target = hidingSecrets(() => {
    assertOptions('syncRun', withoutSecrets(options), OPTION_NAMES);
    return destination(options);
  });
  const logPath = logOf(path);
  const lock = await lockUpload(logPath);
  let rest: string | undefined;
  try {
    assertOthersIdle(logPath);
    const result = await uploadRun({ logPath, ...target });
    if (result.error?.code === 'run-continued') return await handOver(logPath, result);
    if (result.outcome !== 'handed-over') return result;
    // Finishes, too, what ended between the state's note of the fragment and the fragment's name.
    rest = await writeFragment(logPath);
    if (rest === undefined) return result;
  } finally {
    lock.release();
  }
  return syncRun(rest, options);
}

/** What of the options the upload takes, with what the environment says of the others. */
function destination({ onProgress, onNotice, signal, ...options }: SyncOptions): Omit<UploadOptions, 'logPath'> {
  const { baseUrl, apiKey, notices } = resolveDestination(options, process.env, 'syncRun');
  for (const notice of notices) onNotice?.(notice);
  return {
    baseUrl,
    apiKey,
    ...(onProgress && { onProgress }),
    ...(onNotice && { onNotice }),
    ...(signal && { signal }),
  };
}

function logOf(path: string): string {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`path must be a run's folder or its .wandb file, not ${String(path) || "''"}`);
  }
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw new LoggerError('wandb', 'no-log', `there is no ${path}`);
  if (!info.isDirectory()) return path;
  const logs = readdirSync(path).filter((name) => name.endsWith('.wandb'));
  if (logs.length === 1) return join(path, logs[0]!);
  const message =
    logs.length === 0
      ? `${path} is no run's folder: it holds no .wandb file`
      : `${path} holds several logs, name one of them: ${logs.join(', ')}`;
  throw new LoggerError('wandb', 'no-log', message);
}

/** Another log of the same run, which is sent at this moment, goes to the same lines. */
function assertOthersIdle(logPath: string): void {
  // A folder may be named by a link to it, as latest-run is.
  const own = realpathSync(logPath);
  const [, runId] = /^run-(.+)\.wandb$/.exec(basename(own)) ?? [];
  if (runId !== undefined) assertRunFree(dirname(dirname(own)), runId, own);
}

/** Leaves what is missing of a run that another process went on with where the user can add it, and says where. */
async function handOver(logPath: string, result: UploadResult): Promise<UploadResult> {
  const { message, code } = result.error!;
  let rest: string;
  try {
    const folder = await writeFragment(logPath);
    rest = `what is missing is in ${folder}: syncing that adds it behind the run's last row, with the summary and the end of this log`;
  } catch (error) {
    rest = (error as Error).message;
  }
  return { ...result, error: new LoggerError('wandb', code, `${message}; ${rest}`, { cause: result.error }) };
}
