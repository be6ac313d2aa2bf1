import {
  type AccumulationPolicy,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type TrainEvent,
} from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type CustomTrainOptions, type LabelledBatch, type TrainRun, train } from '../src/index.js';
import { collect, ofType } from './fixtures.js';
import { registerStallingBackend } from './stalling-backend.js';

let onRead = () => {};
registerStallingBackend({ onRead: () => onRead() });

interface Case {
  readonly accumulation: AccumulationPolicy;
  readonly epochs?: number;
  /** Micro-batches in an epoch of which the run knows. */
  readonly known?: number;
  /** How many micro-batches had been computed at each reading. */
  readonly readAt: readonly number[];
  /** Called before each micro-batch with how many there were, and within each loss. */
  readonly beforeBatch?: (microBatches: number, run: TrainRun) => void;
  readonly inLoss?: (microBatches: number) => void;
  readonly batchesPerEpoch?: number;
}

const windows = (samples: number, lastWindow: 'carry' | 'flush' | 'drop') =>
  gradientAccumulation({ accumBatchSize: samples, microBatchSize: 4, lastWindow });

const failAt = (microBatch: number, message: string) => (microBatches: number) => {
  if (microBatches === microBatch) throw new Error(message);
};

const cases: Record<string, Case> = {
  'a window that is carried over the end of an epoch': {
    accumulation: windows(8, 'carry'),
    epochs: 2,
    readAt: [2, 4, 5, 6, 8, 10],
  },
  'the same where the epoch is known to have 5': {
    accumulation: windows(8, 'carry'),
    epochs: 2,
    known: 5,
    readAt: [2, 4, 5, 6, 8, 10],
  },
  'a window that is flushed': { accumulation: windows(12, 'flush'), epochs: 2, readAt: [3, 5, 8, 10] },
  'the same where the epoch is known': {
    accumulation: windows(12, 'flush'),
    epochs: 2,
    known: 5,
    readAt: [3, 5, 8, 10],
  },
  'a window that is dropped': { accumulation: windows(12, 'drop'), epochs: 2, readAt: [3, 5, 8, 10] },
  'one that is dropped unseen': { accumulation: windows(12, 'drop'), epochs: 2, known: 5, readAt: [3, 6] },
  'windows that grow': {
    accumulation: gradientAccumulationSchedule({
      startAccumBatchSize: 4,
      finalAccumBatchSize: 16,
      start: 0.1,
      finish: 0.9,
      microBatchSize: 4,
    }),
    epochs: 2,
    known: 6,
    batchesPerEpoch: 6,
    readAt: [1, 2, 3, 4, 5, 6, 8, 11, 12],
  },
  'stop() in the middle of a window': {
    accumulation: windows(12, 'carry'),
    // The batch under way is trained.
    readAt: [3, 5],
    beforeBatch: (microBatches, run) => {
      if (microBatches === 4) run.stop();
    },
  },
  'an error of the data in the middle of a window': {
    accumulation: windows(12, 'carry'),
    readAt: [3, 5],
    beforeBatch: failAt(5, 'the disk went away'),
    batchesPerEpoch: 6,
  },
  'an error of the loss in the middle of a window': {
    accumulation: windows(12, 'carry'),
    readAt: [3, 4],
    inLoss: failAt(5, 'no such layer'),
  },
  'windows of one micro-batch': { accumulation: windows(4, 'carry'), readAt: [1, 2, 3, 4, 5] },
};

/** Trains a case on a backend. Resolves with the events, the readings and the final weights. */
async function trained(
  backend: string,
  { accumulation, epochs = 1, known, beforeBatch, inLoss, batchesPerEpoch = 5 }: Case,
  more: Partial<CustomTrainOptions> = {},
) {
  await tf.setBackend(backend);
  const xs = Array.from({ length: 6 }, (_, index) => tf.randomNormal([4, 3], 0, 1, 'float32', index + 1));
  const weights = tf.variable(tf.ones([3, 1]));
  const optimizer = tf.train.sgd(0.1);
  const before = tf.memory().numTensors;
  let microBatches = 0;
  const readAt: number[] = [];
  onRead = () => readAt.push(microBatches);
  const run: TrainRun = train<LabelledBatch>({
    model: {
      variables: [weights],
      loss: (batch) => {
        inLoss?.(microBatches + 1);
        microBatches += 1;
        return tf.mean(tf.square(tf.matMul(batch.xs as tf.Tensor2D, weights as tf.Tensor2D)));
      },
      metrics: ({ xs }) => ({ mean: tf.mean(xs as tf.Tensor), largest: tf.max(xs as tf.Tensor) }),
    },
    optimizer,
    *data() {
      for (let batch = 0; batch < batchesPerEpoch; batch++) {
        beforeBatch?.(microBatches, run);
        yield { xs: xs[batch]!, ys: xs[batch]! };
      }
    },
    ...(known !== undefined && { microBatchesPerEpoch: known }),
    epochs,
    accumulation,
    run: { id: 'the-same' },
    ...more,
  });
  const events = collect(run);
  const outcome = await run.done.then(
    ({ outcome }) => outcome,
    (error: Error) => error.message,
  );
  expect(tf.memory().numTensors).toBe(before);
  onRead = () => {};
  const final = [...(await weights.data())];
  return { events, outcome, readAt, final };
}

/** All that does not depend on when it happened. */
function timeless(events: readonly TrainEvent[]) {
  return events.map((event) => {
    const { time: _, ...rest } = event;
    return rest.type === 'run-start' ? { ...rest, run: { ...rest.run, startedAt: 0 } } : rest;
  });
}

describe('where reading stalls the device, a run', () => {
  it.each(Object.keys(cases))('reads once a window and tells the same events as on cpu with %s', async (name) => {
    const stalling = await trained('stalling', cases[name]!);
    const cpu = await trained('cpu', cases[name]!);
    expect(stalling.readAt).toEqual(cases[name]!.readAt);
    expect(timeless(stalling.events)).toEqual(timeless(cpu.events));
    expect(stalling.outcome).toBe(cpu.outcome);
    expect(stalling.final).toEqual(cpu.final);
    const [trainedAt, steppedAt] = (['micro-batch', 'accumulated-batch'] as const).map((type) =>
      ofType(cpu.events, type).map(({ microStep }) => microStep),
    );
    expect(stalling.readAt.at(-1)).toBe(trainedAt!.at(-1));
    expect(stalling.readAt).toEqual(expect.arrayContaining(steppedAt!));
  });

  it.each(['a window that is carried over the end of an epoch', 'a window that is flushed'])(
    'reads what is measured along with the losses in %s',
    async (name) => {
      const measure = { gradNorm: true, normTest: true, noiseScale: true };
      const [stalling, cpu] = [
        await trained('stalling', cases[name]!, { measure }),
        await trained('cpu', cases[name]!, { measure }),
      ];
      const steppedAt = ofType(cpu.events, 'accumulated-batch').map(({ microStep }) => microStep);
      // The norm of the accumulated gradient is known only once it is normalized: one reading more a step.
      expect(stalling.readAt).toEqual([...cases[name]!.readAt, ...steppedAt].sort((a, b) => a - b));
      const [steps, same] = [stalling, cpu].map(({ events }) => ofType(events, 'accumulated-batch'));
      expect(steps!.some(({ gradientNoiseScale }) => gradientNoiseScale !== undefined)).toBe(true);
      steps!.forEach((step, index) => {
        const { gradNorm, normTestRatio, gradientNoiseScale } = step;
        expect(gradNorm).toBeCloseTo(same![index]!.gradNorm!, 5);
        expect(normTestRatio).toBeCloseTo(same![index]!.normTestRatio!, 5);
        // A step has none where the averages say that all is noise.
        expect(gradientNoiseScale ?? 0).toBeCloseTo(same![index]!.gradientNoiseScale ?? 0, 3);
      });
    },
  );

  it('reads metrics of another kind than float32 as they are', async () => {
    const large = 2 ** 24 + 1;
    const weights = tf.variable(tf.ones([3, 1]));
    const { events, readAt } = await trained(
      'stalling',
      { accumulation: windows(8, 'carry'), readAt: [], batchesPerEpoch: 2 },
      {
        model: {
          variables: [weights],
          loss: () => tf.mean(weights),
          metrics: () => ({ large: tf.scalar(large, 'int32') }),
        },
      },
    );
    expect(ofType(events, 'micro-batch').map(({ metrics }) => metrics.large)).toEqual([large, large]);
    expect(readAt).toHaveLength(4);
  });
});
