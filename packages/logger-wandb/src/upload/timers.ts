/**
 * Why the uploader waits: for the log to grow or a post to be due, before another try, to end a request that hangs, or to tell
 * of progress not too often.
 */
export type WaitReason = 'log' | 'retry' | 'time-limit' | 'progress';

/** Everything of the clock and of chance that the uploader uses. */
export interface UploadTimers {
  /** ms since some moment; unlike the date it never goes back. */
  now(): number;
  /** ms since 1970, which the user or the network may set. */
  date(): number;
  /** From 0 up to, not including, 1. */
  random(): number;
  /** Resolves after `ms`, or when `signal` aborts; never rejects. */
  wait(reason: WaitReason, ms: number, signal: AbortSignal): Promise<void>;
}

/** What setTimeout can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The process's own clock. */
export const systemTimers: UploadTimers = {
  now: () => performance.now(),
  date: Date.now,
  random: Math.random,
  wait(_reason, ms, signal) {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      function end(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
      const timer = setTimeout(end, Math.min(ms, MAX_TIMEOUT_MS));
      signal.addEventListener('abort', end);
    });
  },
};

/** A clock of its own that goes `pace` times as fast as the process's. */
export function pacedTimers(pace: number): UploadTimers {
  if (pace === 1) return systemTimers;
  return {
    ...systemTimers,
    now: () => systemTimers.now() * pace,
    wait: (reason, ms, signal) => systemTimers.wait(reason, ms / pace, signal),
  };
}
