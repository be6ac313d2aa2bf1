import type { UploadTimers } from './timers.js';
import type { FromUploader } from './uplink-messages.js';
import type { UploadProgress } from './upload-run.js';

const TELL_EVERY_MS = 1000;

/**
 * Tells of progress once a second, the last news included, but of what the user waits for at once. Tells nothing more when
 * `over` aborts.
 */
export function createProgressTeller(
  tell: (message: FromUploader) => void,
  timers: UploadTimers,
  over: AbortSignal,
): (progress: UploadProgress) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  let toldUrl: string | undefined;
  let toldStop = false;
  let waiting: UploadProgress | undefined;

  function tellNow({ url, read, acknowledged, files, stopRequested }: UploadProgress): void {
    toldAt = timers.now();
    toldUrl = url;
    toldStop = stopRequested;
    waiting = undefined;
    tell({ type: 'progress', ...(url === undefined ? {} : { url }), read, acknowledged, files, stopRequested });
  }

  async function tellLater(ms: number): Promise<void> {
    await timers.wait('progress', ms, over);
    if (waiting !== undefined && !over.aborted) tellNow(waiting);
  }

  return (progress) => {
    const waitMs = toldAt + TELL_EVERY_MS - timers.now();
    const isNews = progress.url !== toldUrl || progress.stopRequested !== toldStop;
    if (isNews || waitMs <= 0) return tellNow(progress);
    if (waiting === undefined) void tellLater(waitMs);
    waiting = progress;
  };
}
