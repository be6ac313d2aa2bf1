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
    const timer = setTimeout(() => reject(new TimeLimitError(`no answer within ${timeoutMs} ms`)), timeoutMs);
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
