import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType } from './fixtures.js';

const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0),
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  data: { ...classes(8), batchSize: 4 },
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
});

const validOf = async (validation: TrainOptions['validation']) =>
  (await train({ ...options(), validation: validation! }).done).history[0]!.valid!;

onEachBackend(() => {
  describe('validation', () => {
    const { xs, ys } = classes(21, 4);
    const cut = (sizes: number[]): LabelledBatch[] => {
      const parts = [tf.split(xs, sizes), tf.split(ys, sizes)];
      return sizes.map((_, index) => ({ xs: parts[0]![index]!, ys: parts[1]![index]! }));
    };

    it('weighs batches by their samples: any split has the same means', async () => {
      const whole = await validOf({ xs, ys, batchSize: 21 });
      const rows = tf.data.zip({ xs: tf.data.array(xs.arraySync()), ys: tf.data.array(ys.arraySync()) });
      const others: TrainOptions['validation'][] = [
        { xs, ys, batchSize: 4 },
        { xs, ys },
        cut([20, 1]),
        () => cut([3, 18]),
        async function* () {
          yield* cut([5, 16]);
        },
        rows.batch(8),
        () => rows.batch(5) as never,
      ];
      for (const validation of others) {
        const valid = await validOf(validation);
        expect(Object.keys(valid)).toEqual(['loss', 'accuracy']);
        expect(valid.loss).toBeCloseTo(whole.loss!, 5);
        expect(valid.accuracy).toBeCloseTo(whole.accuracy!, 5);
      }
    });

    it('weighs batches by their samples also where training gives them another weight, as train metrics are', async () => {
      const variable = tf.variable(tf.scalar(1));
      const batches: LabelledBatch[] = [
        { xs: tf.tensor1d([1, 1, 1]), ys: tf.zeros([3]) },
        { xs: tf.tensor1d([5]), ys: tf.zeros([1]) },
      ];
      const weight = (batch: LabelledBatch) => ((batch.xs as tf.Tensor).size === 3 ? 1 : 9);
      const run = train<LabelledBatch>({
        model: { variables: [variable], loss: (batch) => tf.mul(variable, tf.mean(batch.xs as tf.Tensor)) },
        optimizer: tf.train.sgd(0),
        data: batches,
        validation: batches,
        weight,
        accumulation: gradientAccumulation({ accumBatchSize: 4, microBatchSize: 1 }),
      });
      const events = collect(run);
      const { history } = await run.done;
      expect(history[0]).toMatchObject({ train: { loss: 2 }, valid: { loss: 2 } });
      expect(ofType(events, 'accumulated-batch')[0]!.loss).toBeCloseTo((1 * 1 + 9 * 5) / 10, 6);
    });

    it('reads a data set that a function returns once an epoch', async () => {
      let read = 0;
      const dataset = tf.data.generator((() => {
        read += 1;
        return [{ xs: xs.clone(), ys: ys.clone() }][Symbol.iterator]();
      }) as never);
      await train({ ...options(), epochs: 3, validation: () => dataset as never }).done;
      expect(read).toBe(3);
    });

    it('takes metrics from a function that computes them itself', async () => {
      expect(await validOf((epoch) => ({ bleu: epoch + 0.5 }))).toEqual({ bleu: 0.5 });
      expect(await validOf(async () => ({ bleu: 0.25 }))).toEqual({ bleu: 0.25 });
    });

    it('comes after the epoch’s last window was decided, and changes nothing', async () => {
      const steps: number[] = [];
      const run = train({
        ...options(),
        data: { ...classes(12), batchSize: 4 },
        epochs: 2,
        accumulation: gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' }),
        validation: () => ({ steps: steps.push(steps.length) }),
      });
      const events = collect(run);
      await run.done;
      const types = events.map(({ type }) => type);
      const epoch = [
        'micro-batch',
        'micro-batch',
        'accumulated-batch',
        'micro-batch',
        'accumulated-batch',
        'epoch-end',
      ];
      expect(types).toEqual(['run-start', ...epoch, ...epoch, 'run-end']);
    });

    it('tells a custom model that it is not training', async () => {
      const variable = tf.variable(tf.scalar(1));
      const modes: boolean[] = [];
      await train({
        model: {
          variables: [variable],
          loss(_batch, { training }) {
            modes.push(training);
            return tf.square(variable) as tf.Scalar;
          },
          metrics: () => ({ size: tf.abs(variable) }),
        },
        optimizer: tf.train.sgd(0),
        data: { ...classes(8), batchSize: 4 },
        validation: classes(4),
        accumulation: gradientAccumulation({ accumBatchSize: 8 }),
      }).done.then(({ history }) =>
        expect(history[0]).toMatchObject({ train: { loss: 1, size: 1 }, valid: { loss: 1, size: 1 } }),
      );
      expect(modes).toEqual([true, true, false]);
    });
  });
});
