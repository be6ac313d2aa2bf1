import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientAccumulation, memory, record, type TrainEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { journal, readJournal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { readWandbRun, wandb } from '@microbatch/logger-wandb';
import { type TrainOptions, train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { readScalars } from 'tensorboard-writer';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { labelled } from './gradients/labelled.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'failed-training-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const batch = labelled(4, [6], 1);
const classifier = () =>
  tf.sequential({ layers: [tf.layers.dense({ units: 3, activation: 'softmax', inputShape: [6] })] });

const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0.1),
  loss: 'categoricalCrossentropy',
  data: [],
  microBatchSize: 4,
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
});

/** Two windows of two micro-batches, and then `last`. */
const then = (last: () => object) =>
  function* () {
    for (let microBatch = 0; microBatch < 4; microBatch++) yield batch;
    yield last() as typeof batch;
  };

const failures: Record<string, () => TrainOptions> = {
  'a batch of another shape': () => ({
    ...options(),
    data: then(() => ({ xs: tf.ones([4, 5]), ys: batch.ys })),
  }),
  'a window that weighs nothing': () => ({
    ...options(),
    data: then(() => ({ ...batch, sampleWeights: tf.zeros([4]) })),
    accumulation: gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' }),
  }),
  'a layer that is frozen': () => {
    const given = options();
    const freeze = () => {
      (given.model as tf.LayersModel).layers[0]!.trainable = false;
      return batch;
    };
    return { ...given, data: then(freeze) };
  },
  'a loss that turns into a vector': () => {
    let microBatches = 0;
    const mean = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.mean(tf.squaredDifference(yTrue, yPred));
    const loss = (yTrue: tf.Tensor, yPred: tf.Tensor) => (++microBatches > 4 ? yPred : mean(yTrue, yPred));
    return { ...options(), loss, data: then(() => batch) };
  },
  'data that throws': () => ({
    ...options(),
    data: then(() => {
      throw new Error('the disk went away');
    }),
  }),
};

it.each(Object.keys(failures))('training that fails at %s leaves whole files, which say so', async (name) => {
  const [kept, written] = [memory(), journal({ dir: folder })];
  const quiet = { quiet: true, mode: 'offline', onNotice: () => {} } as const;
  const loggers = [kept, written, tensorboard({ logDir: folder }), wandb({ dir: folder, ...quiet })];
  const receipts = await record(train(failures[name]!()).events$, loggers, { onDiagnostic: () => {} });
  for (const { received, written, errors } of receipts) expect([written, errors]).toEqual([received, []]);

  const end = kept.events.at(-1) as TrainEvent & { type: 'run-end' };
  expect(end).toMatchObject({ type: 'run-end', outcome: 'failed' });
  checkGrammar(kept.events);
  const read: TrainEvent[] = [];
  for await (const event of readJournal(written.path!)) read.push(event);
  expect(read).toEqual(kept.events);

  const [run] = readdirSync(join(folder, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
  const { history, exit, damage } = readWandbRun(join(folder, 'wandb', run!));
  expect(history.map((row) => [row._step, row['trainer/micro_step']])).toEqual([
    [0, 2],
    [1, 4],
  ]);
  expect([exit?.exitCode, damage]).toEqual([1, []]);

  const { series } = await readScalars(folder);
  expect([...series.get('train/loss')!.steps]).toEqual([2, 4]);
  expect([...series.get('train/micro_loss')!.steps].slice(0, 4)).toEqual([1, 2, 3, 4]);
});
