import { clearTimeout, setTimeout } from './timers.js';

/** What `withinLimit` rejects with when the time is up. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}

/** Settles as `promise` does; rejects with a `TimeLimitError` where that takes longer than `timeoutMs`. */
export function withinLimit<T>(promise: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    // A longer delay than this is none: timers count in 32 bits.
    const delayMs = Math.min(timeoutMs, 2 ** 31 - 1);
    const timer = setTimeout(() => reject(new TimeLimitError(`no answer within ${timeoutMs} ms`)), delayMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
