import { clearTimeout, setTimeout } from './timers.js';

/** What `withinLimit` rejects with when the time is up. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Settles as `promise` does; rejects with a `TimeLimitError` where that takes longer than `timeoutMs`. */
export function withinLimit(promise: PromiseLike<unknown>, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // A longer delay than this is none: timers count in 32 bits.
    const delayMs = Math.min(timeoutMs, 2 ** 31 - 1);
    const timer = setTimeout(() => reject(new TimeLimitError(`no answer within ${timeoutMs} ms`)), delayMs);
    promise.then(
      () => {
        clearTimeout(timer);
        resolve();
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
