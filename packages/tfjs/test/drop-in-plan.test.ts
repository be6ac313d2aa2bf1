import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { onEachBackend } from './backends.js';
import { fitArgs as args, compiled, recordRun, typesOf, unsized } from './fit-fixtures.js';
import { classes, classifier, ofType } from './fixtures.js';

onEachBackend(() => {
  describe('what a run knows of its fit', () => {
    it('is the plan: batch size, batches, epochs from initialEpoch on', async () => {
      const { xs, ys } = classes(22);
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 8 }));
      const { events } = recordRun(accumulation);
      await model.fit(
        xs,
        ys,
        args({ epochs: 5, initialEpoch: 3, validationSplit: 0.1, callbacks: accumulation.callback }),
      );
      const plan = { microBatchSize: 4, microBatchesPerEpoch: 5, epochs: 2 };
      expect(ofType(events, 'run-start')[0]!.run.plan).toEqual(plan);
      expect(ofType(events, 'epoch-end').map(({ epoch }) => epoch)).toEqual([1, 2]);
      expect(ofType(events, 'micro-batch').map(({ batchSamples }) => batchSamples)).toEqual([
        4, 4, 4, 4, 3, 4, 4, 4, 4, 3,
      ]);
      expect(ofType(events, 'run-end')[0]!.outcome).toBe('finished');
    });

    it('is, of a data set, the size of its first batch and its batches where it tells them', async () => {
      const { xs, ys } = classes(22);
      const rows = tf.data.zip({ xs: tf.data.array(xs.arraySync()), ys: tf.data.array(ys.arraySync()) });
      const plans = [];
      for (const [dataset, more] of [
        [rows.batch(4), {}],
        [unsized(3), {}],
        [rows.batch(4).repeat(), { batchesPerEpoch: 2 }],
      ] as const) {
        const model = classifier();
        const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 8 }));
        const { events } = recordRun(accumulation);
        const fit = { epochs: 3, initialEpoch: 1, verbose: 0 as const, callbacks: accumulation.callback, ...more };
        await model.fitDataset(dataset as tf.data.Dataset<tf.TensorContainer>, fit);
        plans.push(ofType(events, 'run-start')[0]!.run.plan);
        expect(ofType(events, 'run-end')[0]!.outcome).toBe('finished');
      }
      const common = { microBatchSize: 4, epochs: 2 };
      expect(plans).toEqual([{ ...common, microBatchesPerEpoch: 6 }, common, { ...common, microBatchesPerEpoch: 2 }]);
    });

    it('is too little for a schedule on a data set of unknown size, which fit rejects with', async () => {
      const model = classifier();
      const policy = gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16 });
      const { callback } = compiled(model, tf.train.sgd(0.5), policy);
      const fit = model.fitDataset(unsized(3), { epochs: 1, verbose: 0, callbacks: callback });
      await expect(fit).rejects.toThrow('microBatchesPerEpoch is undefined');
    });

    it('tells of batch normalization, and of a training that never steps', async () => {
      const { xs, ys } = classes(8);
      const model = tf.sequential({
        layers: [
          tf.layers.batchNormalization({ inputShape: [6] }),
          tf.layers.dense({ units: 3, activation: 'softmax' }),
        ],
      });
      const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 12 }));
      const { events } = recordRun(accumulation);
      await model.fit(xs, ys, args({ callbacks: accumulation.callback }));
      const codes = ofType(events, 'diagnostic').map(({ code }) => code);
      expect(codes).toEqual(['batch-norm-micro-batches', 'no-optimizer-step']);
    });

    it('says that data ended early', async () => {
      const model = classifier();
      const policy = gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' });
      const accumulation = compiled(model, tf.train.sgd(0.5), policy);
      const { events } = recordRun(accumulation);
      const fit = { epochs: 2, batchesPerEpoch: 4, verbose: 0 as const, callbacks: accumulation.callback };
      const { warn } = console;
      console.warn = () => {};
      await model.fitDataset(unsized(3), fit).finally(() => {
        console.warn = warn;
      });
      const window = ['micro-batch', 'micro-batch', 'accumulated-batch'];
      const epoch = [...window, 'micro-batch', 'diagnostic', 'accumulated-batch', 'epoch-end'];
      expect(typesOf(events)).toEqual(['run-start', ...epoch, 'epoch-end', 'run-end']);
      expect(ofType(events, 'diagnostic')[0]).toMatchObject({
        code: 'short-epoch',
        message: 'data ended after 3 micro-batches in epoch 1, but fit expected 4',
      });
    });
  });
});
