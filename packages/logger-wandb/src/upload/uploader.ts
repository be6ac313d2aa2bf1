import { resolve } from 'node:path';
import { writeFragment } from './fragment.js';
import { NO_LINES } from './line-counts.js';
import { identityOf } from './process-identity.js';
import { createProgressTeller } from './progress-teller.js';
import { pacedTimers, type UploadTimers } from './timers.js';
import type { FromUploader, ToUploader, UploadEnd, UploadProblem } from './uplink-messages.js';
import { lockUpload } from './upload-lock.js';
import { type UploadResult, uploadRun } from './upload-run.js';

/** How long an uploader whose parent is gone waits for an answer of the server before it goes, too. */
const PATIENCE_MS = 10 * 60_000;
/** The same where it was told to hurry: Slurm and Kubernetes give a job 30 s. */
const HURRY_MS = 20_000;

/** What the uploader's process is told from outside. */
export interface UploaderSignals {
  /** Nobody writes the log any more. */
  readonly logEnded: AbortSignal;
  readonly parentGone: AbortSignal;
  /** There is little time left when the parent is gone. */
  readonly hurry: AbortSignal;
  /** Gives up at once. */
  readonly stop: AbortSignal;
}

/**
 * Uploads a log while it is written. Where the server takes nothing more it waits for the log's end, and leaves a fragment.
 * Never rejects.
 */
export async function runUploader(
  job: Extract<ToUploader, { type: 'start' }>,
  context: { readonly signals: UploaderSignals; readonly tell: (message: FromUploader) => void },
): Promise<UploadEnd> {
  const { signals, tell } = context;
  const { baseUrl, apiKey } = job;
  const logPath = resolve(job.logPath);
  const timers = pacedTimers(job.pace);
  const over = new AbortController();
  const onProgress = createProgressTeller(tell, timers, over.signal);
  const patience = startPatience(signals, timers);
  let last: UploadResult | undefined;

  function failed(error: UploadProblem): UploadEnd {
    return { outcome: 'failed', ...placeOf(last), error };
  }

  try {
    const lock = await lockUpload(logPath, identityOf(job.writerPid));
    try {
      last = await uploadRun({
        logPath,
        baseUrl,
        apiKey,
        timers,
        logEnded: signals.logEnded,
        signal: patience.signal,
        onNotice: (notice) => tell({ type: 'notice', notice }),
        onProgress(progress) {
          patience.renew();
          onProgress(progress);
        },
      });
      const { outcome, error } = last;
      if (outcome === 'complete') return { outcome, ...placeOf(last) };
      if (outcome === 'aborted') return failed({ code: 'upload-interrupted', message: 'the upload was given up' });
      if (error === undefined) return failed({ code: 'handed-over', message: 'a fragment holds what is missing' });
      const problem = problemOf(error);
      tell({ type: 'failed', error: problem });
      await aborted(signals.logEnded, signals.stop);
      if (signals.stop.aborted) return failed(problem);
      const fragment = await writeFragment(logPath);
      if (fragment === undefined) return failed(problem);
      return { outcome: 'handed-over', ...placeOf(last), error: problem, fragment };
    } finally {
      lock.release();
    }
  } catch (error) {
    return failed(problemOf(error));
  } finally {
    over.abort();
    patience.end();
  }
}

function placeOf(result: UploadResult | undefined): Pick<UploadEnd, 'url' | 'read' | 'acknowledged'> {
  const { url, read = NO_LINES, acknowledged = NO_LINES } = result ?? {};
  return { ...(url === undefined ? {} : { url }), read, acknowledged };
}

function problemOf(error: unknown): UploadProblem {
  const { code = 'upload-failed', message = String(error) } = error as { code?: string; message?: string };
  return { code, message };
}

/** Resolves when one of the signals aborts. */
async function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return;
  await new Promise<unknown>((resolve) => {
    for (const signal of signals) signal.addEventListener('abort', resolve, { once: true });
  });
}

/**
 * Aborts its signal by `stop`, and after the parent is gone: where no answer comes for too long, or where hurry is asked for.
 */
function startPatience(
  { parentGone, hurry, stop }: UploaderSignals,
  timers: UploadTimers,
): { readonly signal: AbortSignal; renew(): void; end(): void } {
  const gaveUp = new AbortController();
  const giveUp = () => gaveUp.abort();
  const over = new AbortController();
  let renewedAt = timers.now();

  async function watch(): Promise<void> {
    await aborted(parentGone, over.signal);
    renewedAt = timers.now();
    for (let left = PATIENCE_MS; left > 0; left = renewedAt + PATIENCE_MS - timers.now()) {
      await timers.wait('time-limit', left, over.signal);
      if (over.signal.aborted) return;
    }
    giveUp();
  }

  async function watchHurry(): Promise<void> {
    await aborted(hurry, over.signal);
    await aborted(parentGone, over.signal);
    await timers.wait('time-limit', HURRY_MS, over.signal);
    if (!over.signal.aborted) giveUp();
  }

  if (stop.aborted) giveUp();
  stop.addEventListener('abort', giveUp);
  void watch();
  void watchHurry();
  return {
    signal: gaveUp.signal,
    renew() {
      renewedAt = timers.now();
    },
    end: () => over.abort(),
  };
}
