import type { Metrics } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { DataSource } from './data-source.js';
import { forEachBatch } from './for-each-batch.js';
import { computeForward } from './gradients.js';
import { type InMemoryData, inMemorySource } from './in-memory-data.js';
import type { Pacer } from './macrotask.js';
import { show } from './option-checks.js';
import { readTogether } from './read-together.js';
import type { StopSignal } from './stop-signal.js';
import {
  type BatchStream,
  datasetSource,
  isDataset,
  isIterable,
  type StreamOptions,
  streamSource,
} from './streamed-data.js';
import type { Trainable } from './trainable.js';

/**
 * What an epoch is validated on: tensors, a data set, batches, or a function of the epoch's index that returns batches
 * or the metrics themselves.
 */
export type ValidationData<B> =
  | (Pick<InMemoryData, 'xs' | 'ys' | 'sampleWeights'> & { readonly batchSize?: number })
  | tf.data.Dataset<tf.TensorContainer>
  | BatchStream<B>
  | ((epoch: number) => Metrics | Promise<Metrics>);

/** Validates after the epoch with this index; undefined where it was stopped. */
export type Validate = (epoch: number, stop: StopSignal, pace: Pacer) => Promise<Metrics | undefined>;

export interface ValidationOptions<B> extends StreamOptions {
  readonly trainable: Trainable<B>;
}

const OWNER = 'validation';

/** Checks what validation is done on. Throws a `TypeError` or `RangeError` that names it. */
export function createValidation<B>(data: ValidationData<B>, options: ValidationOptions<B>): Validate {
  const { trainable } = options;
  const over =
    (source: DataSource<B>): Validate =>
    (epoch, stop, pace) =>
      evaluate(source, epoch, stop, pace, options);
  if (typeof data === 'function') {
    return async (epoch, stop, pace) => {
      const result: unknown = await stop.orStop(Promise.resolve(data(epoch)));
      if (stop.requested) return undefined;
      if (!isDataset(result) && !isIterable(result)) return metricsFrom(result);
      const batches = streamed(result as BatchStream<B>, { ...options, epochs: 1 });
      // They are this epoch's: a data set has no earlier ones that count.
      return over({ ...batches, open: () => batches.open(0) })(epoch, stop, pace);
    };
  }
  if (isDataset(data) || isIterable(data)) return over(streamed(data as BatchStream<B>, options));
  const labelled = { batchSize: options.microBatchSize ?? 32, ...data, shuffle: false } as InMemoryData;
  trainable.check(OWNER, labelled as B);
  return over(inMemorySource(OWNER, labelled) as unknown as DataSource<B>);
}

/** Means over a source's batches, by samples or by what its samples weigh, in inference mode. */
async function evaluate<B>(
  source: DataSource<B>,
  epoch: number,
  stop: StopSignal,
  pace: Pacer,
  { trainable }: ValidationOptions<B>,
): Promise<Metrics | undefined> {
  const sums: Record<string, number> = {};
  let total = 0;
  const { exhausted } = await forEachBatch(
    source,
    epoch,
    stop,
    () => true,
    async (batch) => {
      const samples = trainable.check(OWNER, batch);
      const tensors = computeForward(trainable, batch);
      const scalars = { loss: tensors.loss, ...tensors.metrics };
      const unread = Object.values(scalars);
      const values = await readTogether(tensors.weight === undefined ? unread : [...unread, tensors.weight]);
      const weight = tensors.weight === undefined ? samples : values.at(-1)![0]!;
      Object.keys(scalars).forEach((name, index) => {
        sums[name] = (sums[name] ?? 0) + weight * values[index]![0]!;
      });
      total += weight;
      await pace();
    },
  );
  if (!exhausted) return undefined;
  if (total === 0) throw new RangeError(`${OWNER} yielded nothing to average in epoch ${epoch + 1}`);
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / total]));
}

function streamed<B>(
  data: BatchStream<B> | tf.data.Dataset<tf.TensorContainer>,
  options: StreamOptions,
): DataSource<B> {
  const { epochs, disposeBatches = false } = options;
  if (isDataset(data)) return datasetSource(OWNER, data, { epochs });
  return streamSource(OWNER, data as BatchStream<B>, { epochs, disposeBatches });
}

function metricsFrom(result: unknown): Metrics {
  const isMetrics =
    typeof result === 'object' && result !== null && Object.values(result).every((value) => typeof value === 'number');
  if (!isMetrics) throw new TypeError(`${OWNER}() must return batches or numbers by name, not ${show(result)}`);
  return result as Metrics;
}
