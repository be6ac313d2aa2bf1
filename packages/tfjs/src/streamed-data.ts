import * as tf from '@tensorflow/tfjs';
import type { BatchIterator, DataSource } from './data-source.js';
import { show } from './option-checks.js';

/** Batches that come one after another; a function makes them anew for the epoch with the given index. */
export type BatchStream<B> = Iterable<B> | AsyncIterable<B> | ((epoch: number) => Iterable<B> | AsyncIterable<B>);

export interface StreamOptions {
  /** How many epochs will be read. */
  readonly epochs: number;
  readonly microBatchSize?: number;
  readonly microBatchesPerEpoch?: number;
  /** Whether the batches of an iterable are disposed after use. */
  readonly disposeBatches?: boolean;
}

/** Whether a value is a `tf.data.Dataset`, of whichever copy of the library. */
export function isDataset(value: unknown): value is tf.data.Dataset<tf.TensorContainer> {
  const dataset = value as Partial<tf.data.Dataset<tf.TensorContainer>> | null | undefined;
  return typeof dataset?.iterator === 'function' && typeof dataset.forEachAsync === 'function';
}

/** Reads a data set, whose tensors are disposed after use. */
export function datasetSource<B>(
  owner: string,
  dataset: tf.data.Dataset<tf.TensorContainer>,
  options: StreamOptions,
): DataSource<B> {
  const { size } = dataset;
  if (size === 0) throw new RangeError(`${owner} is empty: the data set's size is 0`);
  if (size === Number.POSITIVE_INFINITY && options.microBatchesPerEpoch === undefined) {
    throw new TypeError(
      `${owner} is a data set that never ends: take(n) of it, or say microBatchesPerEpoch where it is trained on`,
    );
  }
  const known = typeof size === 'number' && Number.isFinite(size) ? size : undefined;
  let opened = 0;
  return {
    ...counts(owner, options, known),
    async open(epoch) {
      // A data set that shuffles draws a new order from its seed with each iterator: those of earlier epochs count.
      for (; opened < epoch; opened += 1) await dataset.iterator();
      opened = epoch + 1;
      return (await dataset.iterator()) as unknown as AsyncIterator<B>;
    },
    release: (batch) => tf.dispose(batch as tf.TensorContainer),
  };
}

/** Reads an iterable, whose tensors stay the caller's unless `disposeBatches` is true. */
export function streamSource<B>(owner: string, data: BatchStream<B>, options: StreamOptions): DataSource<B> {
  if (Array.isArray(data) && data.length === 0) throw new RangeError(`${owner} is empty: an array of 0 batches`);
  if (options.epochs > 1 && isIterable(data) && 'next' in data) {
    throw new TypeError(
      `${owner} is an iterator, which can be read once, but epochs is ${options.epochs}: give a function that returns a fresh one`,
    );
  }
  return {
    ...counts(owner, options, Array.isArray(data) ? data.length : undefined),
    open: (epoch) => iteratorOf(owner, typeof data === 'function' ? data(epoch) : data),
    release: options.disposeBatches ? (batch) => tf.dispose(batch as tf.TensorContainer) : () => {},
  };
}

/** Whether `for await` can read it. */
export function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

function iteratorOf<B>(owner: string, batches: Iterable<B> | AsyncIterable<B>): BatchIterator<B> {
  if (!isIterable(batches)) throw new TypeError(`${owner}() must return an iterable, not ${show(batches)}`);
  return Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
}

function counts(
  owner: string,
  { microBatchSize, microBatchesPerEpoch }: StreamOptions,
  known: number | undefined,
): Pick<DataSource<unknown>, 'microBatchSize' | 'microBatchesPerEpoch'> {
  if (known !== undefined && microBatchesPerEpoch !== undefined && microBatchesPerEpoch > known) {
    throw new RangeError(`microBatchesPerEpoch is ${microBatchesPerEpoch}, but ${owner} has ${known} batches`);
  }
  const batches = microBatchesPerEpoch ?? known;
  return {
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    ...(batches === undefined ? {} : { microBatchesPerEpoch: batches }),
  };
}
