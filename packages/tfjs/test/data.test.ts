import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type CustomTrainOptions, type LabelledBatch, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { collect, ofType } from './fixtures.js';

type Seen = number[][];

/** A model that notes which samples it is given; sample i holds the number i. */
function noting(seen: Seen): Pick<CustomTrainOptions, 'model' | 'optimizer'> {
  const variable = tf.variable(tf.scalar(1));
  return {
    model: {
      variables: [variable],
      loss({ xs }: LabelledBatch) {
        seen.push([...(xs as tf.Tensor).dataSync()]);
        return tf.mul(variable, tf.mean(xs as tf.Tensor));
      },
    },
    optimizer: tf.train.sgd(0.01),
  };
}

const numbered = (count: number) => ({ xs: tf.range(0, count), ys: tf.zeros([count]) });
const batchOf = (...samples: number[]): LabelledBatch => ({ xs: tf.tensor1d(samples), ys: tf.zeros([samples.length]) });

onEachBackend(() => {
  describe('data in memory', () => {
    const trained = async (data: Partial<{ shuffle: boolean; seed: number }>, epochs = 2) => {
      const seen: Seen = [];
      await train({
        ...noting(seen),
        data: { ...numbered(10), batchSize: 4, ...data },
        epochs,
        accumulation: gradientAccumulation({ accumBatchSize: 8 }),
      }).done;
      return seen;
    };

    it('keeps its order without shuffling, and the last, smaller micro-batch', async () => {
      const epoch = [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
      ];
      expect(await trained({ shuffle: false })).toEqual([...epoch, ...epoch]);
    });

    it('is shuffled anew each epoch, the same way for the same seed', async () => {
      const first = await trained({ seed: 5 });
      expect(await trained({ seed: 5 })).toEqual(first);
      expect(await trained({ seed: 6 })).not.toEqual(first);
      const epochs = [first.slice(0, 3).flat(), first.slice(3).flat()];
      expect(epochs[0]).not.toEqual(epochs[1]);
      for (const epoch of epochs) expect(epoch.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('shuffles inputs and targets together, whatever their rank and type', async () => {
      const variable = tf.variable(tf.scalar(1));
      const pairs: number[][] = [];
      const run = train({
        model: {
          variables: [variable],
          loss({ xs, ys }) {
            const [a, b] = [(xs as tf.Tensor).arraySync() as number[][][], (ys as tf.Tensor).dataSync()];
            expect((ys as tf.Tensor).dtype).toBe('int32');
            pairs.push(...a.map((sample, index) => [sample[0]![1]!, sample[1]![0]!, b[index]!]));
            return tf.square(variable) as tf.Scalar;
          },
        },
        optimizer: tf.train.sgd(0.1),
        data: { xs: tf.reshape(tf.range(0, 24), [6, 2, 2]), ys: tf.range(0, 6, 1, 'int32'), batchSize: 4 },
        accumulation: gradientAccumulation({ accumBatchSize: 4 }),
      });
      await run.done;
      expect(pairs).toHaveLength(6);
      for (const [first, second, label] of pairs) expect([first, second]).toEqual([label! * 4 + 1, label! * 4 + 2]);
    });

    it('does not compute the tail that lastWindow drop discards', async () => {
      const seen: Seen = [];
      const run = train({
        ...noting(seen),
        data: { ...numbered(14), batchSize: 2, shuffle: false },
        epochs: 2,
        accumulation: gradientAccumulation({ accumBatchSize: 6, lastWindow: 'drop' }),
      });
      const events = collect(run);
      await run.done;
      expect(seen).toHaveLength(12);
      expect(ofType(events, 'accumulated-batch')).toHaveLength(4);
      expect(ofType(events, 'discarded-window')).toEqual([]);
    });

    it('does not compute a tail that only full micro-batches would fill', async () => {
      const trained = async (options: Partial<CustomTrainOptions>) => {
        const seen: Seen = [];
        const run = train({
          ...noting(seen),
          data: { ...numbered(60), batchSize: 8, shuffle: false },
          epochs: 2,
          accumulation: gradientAccumulation({ accumBatchSize: 32, lastWindow: 'drop' }),
          ...options,
        });
        const events = collect(run);
        await run.done;
        const steps = ofType(events, 'accumulated-batch').length;
        return [seen.length, steps, ofType(events, 'discarded-window').length];
      };
      expect(await trained({})).toEqual([8, 2, 0]);
      // 60 rows of two samples each: the rows are not what windows count.
      expect(await trained({ samples: ({ xs }) => 2 * (xs as tf.Tensor).shape[0]! })).toEqual([12, 6, 0]);
    });

    it('gives a schedule the counts that it needs', async () => {
      const seen: Seen = [];
      const run = train({
        ...noting(seen),
        data: { ...numbered(64), batchSize: 4 },
        accumulation: gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16, finish: 0.5 }),
      });
      const events = collect(run);
      await run.done;
      const sizes = ofType(events, 'accumulated-batch').map(({ accumBatchSize }) => accumBatchSize);
      expect(sizes[0]).toBe(4);
      expect(sizes.at(-1)).toBe(16);
    });
  });

  describe('streamed data', () => {
    const accumulation = gradientAccumulation({ accumBatchSize: 4, microBatchSize: 2 });
    const epochs = 2;
    const expected = [[0, 1], [2, 3], [4]];
    const twice = [...expected, ...expected];

    it.each<[string, () => CustomTrainOptions['data']]>([
      ['an array', () => [batchOf(0, 1), batchOf(2, 3), batchOf(4)]],
      [
        'a generator function',
        () =>
          function* () {
            yield batchOf(0, 1);
            yield batchOf(2, 3);
            yield batchOf(4);
          },
      ],
      [
        'an async generator function',
        () =>
          async function* () {
            yield batchOf(0, 1);
            yield batchOf(2, 3);
            yield batchOf(4);
          },
      ],
      [
        'a data set',
        () => tf.data.zip({ xs: tf.data.array([0, 1, 2, 3, 4]), ys: tf.data.array([0, 0, 0, 0, 0]) }).batch(2),
      ],
      [
        'a data set of unknown size',
        () =>
          tf.data.generator(function* () {
            yield batchOf(0, 1);
            yield batchOf(2, 3);
            yield batchOf(4);
          } as never),
      ],
    ])('of %s is read anew each epoch', async (_, data) => {
      const seen: Seen = [];
      await train({ ...noting(seen), data: data(), epochs, accumulation }).done;
      expect(seen).toEqual(twice);
    });

    it('of an array tells its micro-batch size by its first batch', async () => {
      const run = train({
        ...noting([]),
        data: [batchOf(0, 1), batchOf(2, 3), batchOf(4)],
        epochs,
        accumulation: gradientAccumulationSchedule({ startAccumBatchSize: 2, finalAccumBatchSize: 4, finish: 0.5 }),
      });
      const events = collect(run);
      await run.done;
      expect(ofType(events, 'run-start')[0]!.run.plan).toEqual({
        microBatchSize: 2,
        microBatchesPerEpoch: 3,
        epochs: 2,
      });
      expect(ofType(events, 'micro-batch').map(({ batchSamples }) => batchSamples)).toEqual([2, 2, 1, 2, 2, 1]);
    });

    it('of an array takes the micro-batch size that is given before that of its first batch', async () => {
      const data = [batchOf(0, 1, 2, 3)];
      const sizes = [{ microBatchSize: 2 }, { accumulation }].map((given) => {
        const policy = gradientAccumulation({ accumBatchSize: 4 });
        const run = train({ ...noting([]), data, accumulation: policy, ...given });
        const events = collect(run);
        return run.done.then(() => ofType(events, 'run-start')[0]!.run.plan.microBatchSize);
      });
      expect(await Promise.all(sizes)).toEqual([2, 2]);
    });

    it('of an array counts samples as the samples option does', async () => {
      const run = train({
        ...noting([]),
        data: [batchOf(0, 1, 2, 3)],
        samples: () => 1,
        accumulation: gradientAccumulation({ accumBatchSize: 1 }),
      });
      const events = collect(run);
      await run.done;
      expect(ofType(events, 'run-start')[0]!.run.plan.microBatchSize).toBe(1);
    });

    it('has the counts that an array or a data set tells, as clocks show', async () => {
      const data = [batchOf(0, 1), batchOf(2, 3), batchOf(4, 5), batchOf(6, 7)];
      const rows = tf.data.zip({ xs: tf.data.array([0, 1, 2, 3, 4, 5, 6]), ys: tf.data.array([0, 0, 0, 0, 0, 0, 0]) });
      for (const source of [data, rows.batch(2)]) {
        const run = train({ ...noting([]), data: source, accumulation });
        const events = collect(run);
        await run.done;
        expect(ofType(events, 'micro-batch').map(({ epoch }) => epoch)).toEqual([0.25, 0.5, 0.75, 1]);
      }
    });

    it('hands a function the index of the epoch', async () => {
      const seen: Seen = [];
      await train({ ...noting(seen), data: (epoch) => [batchOf(epoch, epoch)], epochs: 3, accumulation }).done;
      expect(seen).toEqual([
        [0, 0],
        [1, 1],
        [2, 2],
      ]);
    });

    it('that never ends gives epochs of microBatchesPerEpoch, and its iterator is closed', async () => {
      const seen: Seen = [];
      let closed = 0;
      const run = train({
        ...noting(seen),
        *data() {
          try {
            for (;;) yield batchOf(1, 2);
          } finally {
            closed += 1;
          }
        },
        epochs: 3,
        microBatchesPerEpoch: 5,
        accumulation,
      });
      expect((await run.done).history).toHaveLength(3);
      expect(seen).toHaveLength(15);
      expect(closed).toBe(3);
    });

    it('is waited for whatever kind of promise its iterator returns', async () => {
      const seen: Seen = [];
      // A promise as another library, or another window of a browser, makes it.
      const thenable = <T>(value: T) => ({
        // biome-ignore lint/suspicious/noThenProperty: it is what is tested
        then: (...handlers: Parameters<Promise<T>['then']>) => Promise.resolve(value).then(...handlers),
      });
      const data = (): AsyncIterable<LabelledBatch> => {
        const batches = [batchOf(0, 1), batchOf(2, 3), batchOf(4)].values();
        return { [Symbol.asyncIterator]: () => ({ next: () => thenable(batches.next()) as never }) };
      };
      await train({ ...noting(seen), data, epochs, accumulation }).done;
      expect(seen).toEqual(twice);
    });

    it('that ends early is told once', async () => {
      const run = train({ ...noting([]), data: () => [batchOf(1, 2)], epochs, microBatchesPerEpoch: 2, accumulation });
      const events = collect(run);
      await run.done;
      expect(ofType(events, 'diagnostic').map(({ code, message }) => [code, message])).toEqual([
        ['short-epoch', 'data ended after 1 micro-batches in epoch 1, but microBatchesPerEpoch is 2'],
      ]);
    });

    it('decides the tail of an epoch whose length is unknown', async () => {
      const data = () => [batchOf(0, 1), batchOf(2, 3), batchOf(4)][Symbol.iterator]();
      const counts = async (lastWindow: 'carry' | 'flush' | 'drop') => {
        const policy = gradientAccumulation({ accumBatchSize: 4, microBatchSize: 2, lastWindow });
        const run = train({ ...noting([]), data, epochs, accumulation: policy });
        const events = collect(run);
        await run.done;
        return [ofType(events, 'accumulated-batch').length, ofType(events, 'discarded-window').length];
      };
      expect(await counts('carry')).toEqual([2, 1]);
      expect(await counts('flush')).toEqual([4, 0]);
      expect(await counts('drop')).toEqual([2, 2]);
    });

    it('of any form trains a custom model that says how many samples a batch has', async () => {
      const variable = tf.variable(tf.scalar(1));
      const run = train<{ tokens: number[] }>({
        model: { variables: [variable], loss: ({ tokens }) => tf.mul(variable, tokens.length) },
        optimizer: tf.train.sgd(0.1),
        data: [{ tokens: [1, 2, 3] }, { tokens: [4] }],
        samples: () => 1,
        weight: ({ tokens }) => tokens.length,
        accumulation: gradientAccumulation({ accumBatchSize: 2, microBatchSize: 1 }),
      });
      const events = collect(run);
      await run.done;
      const [step] = ofType(events, 'accumulated-batch');
      expect(step).toMatchObject({ windowSamples: 2, normalizer: 4, loss: (3 * 3 + 1 * 1) / 4 });
    });
  });
});
