import * as tf from '@tensorflow/tfjs';
import { labelledSamples } from './batch-samples.js';
import type { DataSource } from './data-source.js';
import { assertKnownOptions, assertOptional, assertPositiveInteger, assertSeed } from './option-checks.js';
import { rowReader } from './row-reader.js';
import { assertSomeWeight } from './sample-weights.js';
import { shuffledOrder } from './shuffled-order.js';
import { type LabelledBatch, listTensors, mapTensors, type Tensors } from './tensors.js';

/** Tensors that hold all samples. They stay the caller's, who must not dispose them before the run ends. */
export interface InMemoryData {
  readonly xs: Tensors;
  readonly ys: Tensors;
  /** What the samples count for, as in `LabelledBatch`; 1 each by default. */
  readonly sampleWeights?: tf.Tensor;
  /** Samples in a micro-batch; an epoch's last one may have fewer. */
  readonly batchSize: number;
  /** Whether each epoch has an order of its own, made from `seed` and the epoch's index. True by default, as in `model.fit`. */
  readonly shuffle?: boolean;
  /** A 32-bit integer; 0 by default. */
  readonly seed?: number;
}

/** Cuts tensors into micro-batches. Throws a `TypeError` or `RangeError` that starts with `owner`. */
export function inMemorySource(owner: string, data: InMemoryData): DataSource<LabelledBatch> {
  assertKnownOptions(owner, data, ['xs', 'ys', 'sampleWeights', 'batchSize', 'shuffle', 'seed']);
  const samples = labelledSamples(owner, data);
  const { batchSize, shuffle = true, seed = 0 } = data;
  assertPositiveInteger(`${owner}.batchSize`, batchSize);
  assertOptional(`${owner}.shuffle`, shuffle, 'boolean');
  assertSeed(`${owner}.seed`, seed);

  if (data.sampleWeights !== undefined) assertSomeWeight(owner, data.sampleWeights);

  const readers = new Map(tensorsOf(data).map((tensor) => [tensor, rowReader(tensor)]));

  function* open(epoch: number, first = 0): Generator<LabelledBatch, undefined> {
    const order = shuffle ? shuffledOrder(samples, seed, epoch) : undefined;
    for (let from = first * batchSize; from < samples; from += batchSize) {
      const to = Math.min(from + batchSize, samples);
      const rows = (tensor: tf.Tensor) => readers.get(tensor)!(from, to, order);
      const batch = { xs: mapTensors(data.xs, rows), ys: mapTensors(data.ys, rows) };
      yield data.sampleWeights === undefined ? batch : { ...batch, sampleWeights: rows(data.sampleWeights) };
    }
  }

  return {
    microBatchSize: batchSize,
    microBatchesPerEpoch: Math.ceil(samples / batchSize),
    samplesPerEpoch: samples,
    seeks: true,
    open,
    release: (batch) => tf.dispose(tensorsOf(batch)),
  };
}

function tensorsOf({ xs, ys, sampleWeights }: LabelledBatch): tf.Tensor[] {
  return [...listTensors(xs), ...listTensors(ys), ...(sampleWeights === undefined ? [] : [sampleWeights])];
}
