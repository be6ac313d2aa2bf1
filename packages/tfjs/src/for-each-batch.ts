import type { BatchIterator, DataSource } from './data-source.js';
import type { StopSignal } from './stop-signal.js';

/** How reading an epoch went. */
export interface BatchesRead {
  /** Batches of the epoch that lie behind, with those before `from`. */
  readonly count: number;
  /** The data ended, rather than the wish for more. */
  readonly exhausted: boolean;
}

/**
 * Reads an epoch batch by batch and gives each back after `use`, until the data ends, `wanted` is false, or a stop is
 * requested, which also ends waiting for the next batch. The first `from` batches are not used. Rejects with a `RangeError`
 * where the epoch has fewer.
 */
export async function forEachBatch<B>(
  source: DataSource<B>,
  epoch: number,
  stop: StopSignal,
  wanted: (count: number) => boolean,
  use: (batch: B) => Promise<void>,
  from = 0,
): Promise<BatchesRead> {
  let count = from;
  if (!wanted(count)) return { count, exhausted: false };
  const iterator = await source.open(epoch, from);
  let toSkip = source.seeks ? 0 : from;
  try {
    while (!stop.requested && wanted(count)) {
      const result = await nextOrStop(iterator, source, stop);
      if (result === undefined) return { count, exhausted: false };
      if (result.done && toSkip > 0) throw tooFew(epoch, from, from - toSkip);
      if (result.done) return { count, exhausted: true };
      try {
        if (toSkip === 0) await use(result.value);
      } finally {
        source.release(result.value);
      }
      if (toSkip > 0) toSkip -= 1;
      else count += 1;
    }
  } catch (error) {
    // The first error is the one to tell.
    await Promise.resolve(iterator.return?.()).catch(() => {});
    throw error;
  }
  await iterator.return?.();
  return { count, exhausted: false };
}

function tooFew(epoch: number, from: number, found: number): RangeError {
  return new RangeError(
    `data ended after ${found} micro-batches of epoch ${epoch + 1}, which goes on behind its first ${from}: is it the data that the run began with?`,
  );
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
