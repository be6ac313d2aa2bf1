import type { BatchIterator, DataSource } from './data-source.js';
import type { StopSignal } from './stop-signal.js';

/** How reading an epoch went. */
export interface BatchesRead {
  readonly count: number;
  /** The data ended, rather than the wish for more. */
  readonly exhausted: boolean;
}

/**
 * Reads an epoch batch by batch and gives each back after `use`, until the data ends, `wanted` is false, or a stop is
 * requested, which also ends waiting for the next batch.
 */
export async function forEachBatch<B>(
  source: DataSource<B>,
  epoch: number,
  stop: StopSignal,
  wanted: (count: number) => boolean,
  use: (batch: B) => Promise<void>,
): Promise<BatchesRead> {
  let count = 0;
  if (!wanted(count)) return { count, exhausted: false };
  const iterator = await source.open(epoch);
  try {
    while (!stop.requested && wanted(count)) {
      const result = await nextOrStop(iterator, source, stop);
      if (result === undefined) return { count, exhausted: false };
      if (result.done) return { count, exhausted: true };
      try {
        await use(result.value);
      } finally {
        source.release(result.value);
      }
      count += 1;
    }
  } catch (error) {
    // The first error is the one to tell.
    await Promise.resolve(iterator.return?.()).catch(() => {});
    throw error;
  }
  await iterator.return?.();
  return { count, exhausted: false };
}

async function nextOrStop<B>(
  iterator: BatchIterator<B>,
  source: DataSource<B>,
  stop: StopSignal,
): Promise<IteratorResult<B, unknown> | undefined> {
  const next = iterator.next();
  if (!isThenable(next)) return next;
  const pending = Promise.resolve(next);
  const result = await stop.orStop(pending);
  if (result !== undefined) return result;
  // Nobody waits for this batch any more, and an async generator's `return` would wait for it.
  const late = pending.then((batch) => (batch.done ? undefined : source.release(batch.value)));
  late.then(() => iterator.return?.()).catch(() => {});
  return undefined;
}

/** Also of promises of another library or realm, which are no instances of this one's `Promise`. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>>).then === 'function';
}
