import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoggerNotice } from '@microbatch/core/logger';
import { deferred } from './deferred.js';
import { type LineCounts, NO_LINES } from './line-counts.js';
import type { FilesWaiting } from './run-files.js';
import type { FromUploader, ToUploader, UploadEnd, UploadProblem } from './uplink-messages.js';
import { uploaderEnvironment, uploaderFlags } from './uploader-environment.js';

/** The upload of a log that is being written, by a process of its own. Never throws: what goes wrong is a notice. */
export interface Uplink {
  /** Resolves when the server has the run, or when that failed or takes too long; never rejects. */
  readonly started: Promise<void>;
  /** Where a browser shows the run; absent before the server knows it. */
  readonly url: string | undefined;
  /**
   * To be called when the log has ended. Resolves with how the upload ended; with nothing where `limitMs` ran out: the
   * upload then goes on by itself.
   */
  finish(options?: { readonly limitMs?: number }): Promise<UploadEnd | undefined>;
  /** The process is going: lets go of the uploader, which finishes by itself. Returns at once. */
  release(): void;
}

/** How far an upload has come. */
export interface UplinkProgress {
  /** Lines read from the log. */
  readonly read: LineCounts;
  /** Lines of the log that the server has. */
  readonly acknowledged: LineCounts;
  /** What of the log waits beside its lines. */
  readonly files: FilesWaiting;
}

/** Which log goes where, and who is told. */
export interface UplinkOptions {
  /** The `.wandb` file, with its run record on the disk. */
  readonly logPath: string;
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Told once, when the server has the run. */
  readonly onStart: (url: string) => void;
  /** Told once, when the user asked on the run's page for it to stop. */
  readonly onStopRequested: () => void;
  /** Told at most once a second, and of what came last. */
  readonly onProgress?: (progress: UplinkProgress) => void;
  readonly onNotice: (notice: LoggerNotice) => void;
  /** How many times as fast as the clock the uploader waits, for tests; 1 where absent. */
  readonly pace?: number;
}

const START_LIMIT_MS = 15_000;

/**
 * Starts the upload in a detached process, which a terminal's Ctrl-C does not reach and which outlives this one however it
 * ends. That process gets the key by its channel only, which no list of processes shows.
 */
export function startUplink(options: UplinkOptions): Uplink {
  const { onStart, onStopRequested, onProgress, onNotice, pace = 1 } = options;
  const logPath = resolve(options.logPath);
  const child = spawnUploader();
  const started = deferred<void>();
  const ended = deferred<UploadEnd | undefined>();
  let url: string | undefined;
  let counts = { read: NO_LINES, acknowledged: NO_LINES };
  let failure: UploadProblem | undefined;
  let isStopping = false;
  let isOver = false;
  let holds = 0;

  /** Whoever waits for the uploader keeps this process alive; the uploader itself does not. */
  function hold(): () => void {
    if (holds++ === 0) {
      child.ref();
      child.channel?.ref();
    }
    return () => {
      if (--holds > 0) return;
      child.unref();
      child.channel?.unref();
    };
  }

  function send(message: ToUploader): void {
    // A channel that is closing is told of by 'disconnect'.
    if (child.connected) child.send(message, () => {});
  }

  function end(result: UploadEnd | undefined): void {
    if (isOver) return;
    isOver = true;
    started.resolve();
    ended.resolve(result);
  }

  /** The uploader is gone and has not said how the upload ended. */
  function lost(reason: string): void {
    if (isOver) return;
    const message = `${reason}: nothing more of ${logPath} is uploaded until it is synced; everything is on disk`;
    const error = failure ?? { code: 'uploader-lost', message };
    if (failure === undefined) onNotice({ level: 'error', ...error });
    end({ outcome: 'failed', ...(url === undefined ? {} : { url }), ...counts, error });
  }

  function fail({ code, message }: UploadProblem): void {
    failure = { code, message };
    const consequence = 'the run goes on and everything is on disk; what is missing can be uploaded when it has ended';
    onNotice({ level: 'error', code, message: `nothing more is uploaded: ${message}; ${consequence}` });
    started.resolve();
  }

  child.on('message', (message: FromUploader) => {
    if (isOver) return;
    if (message.type === 'notice') return onNotice(message.notice);
    if (message.type === 'failed') return fail(message.error);
    if (message.type === 'end') {
      const { error, outcome } = message.end;
      if (error !== undefined && outcome === 'failed' && failure === undefined) fail(error);
      return end(message.end);
    }
    const { read, acknowledged, files } = message;
    counts = { read, acknowledged };
    if (message.url !== undefined && url === undefined) {
      url = message.url;
      onStart(url);
      started.resolve();
    }
    if (message.stopRequested && !isStopping) {
      isStopping = true;
      onStopRequested();
    }
    onProgress?.({ ...counts, files });
  });
  child.on('error', (error) => lost(`the uploader can't be started (${error.message})`));
  // Its last messages may come after its exit, but not after its channel is closed.
  const exited = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(`the uploader ended (${signal ?? `exit code ${code}`})`));
  });
  child.on('disconnect', () => void exited.then(lost));

  const letGo = hold();
  const timer = setTimeout(started.resolve, START_LIMIT_MS);
  void started.promise.then(() => {
    clearTimeout(timer);
    letGo();
  });
  const { baseUrl, apiKey } = options;
  send({ type: 'start', logPath, baseUrl, apiKey, writerPid: process.pid, pace });

  return {
    started: started.promise,
    get url() {
      return url;
    },
    async finish({ limitMs } = {}) {
      send({ type: 'log-ended' });
      const letGo = hold();
      const limit = deferred<undefined>();
      const timer = limitMs === undefined ? undefined : setTimeout(limit.resolve, limitMs, undefined);
      try {
        return await Promise.race([ended.promise, limit.promise]);
      } finally {
        clearTimeout(timer);
        letGo();
      }
    },
    release() {
      end(undefined);
      if (child.connected) child.disconnect();
    },
  };
}

/** Built JavaScript, also where this file runs as TypeScript: Node has to run it without help. */
const PROGRAM = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/upload/upload-main.cjs' : './upload-main.cjs', import.meta.url),
);

function spawnUploader(): ChildProcess {
  return spawn(process.execPath, [...uploaderFlags(process.execArgv, process.env.NODE_OPTIONS), PROGRAM], {
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: uploaderEnvironment(process.env),
  });
}
