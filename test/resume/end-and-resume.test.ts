import { join } from 'node:path';
import { gradientAccumulation, record } from '@microbatch/core';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { type CustomTrainOptions, type LabelledBatch, type TrainRun, train } from '@microbatch/tfjs';
import { checkpointFolder } from '@microbatch/tfjs/checkpoints';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { emptyFolder } from './empty-folder.js';
import { journalled, lastBits, shownPoints, shownRows } from './killed-run.js';

const PER_EPOCH = 5;

/** 15 micro-batches; windows of two, so that one is open where the first epoch and the third end. */
function options(dir: string, failsIn?: number): CustomTrainOptions<LabelledBatch> {
  const weights = tf.variable(tf.zeros([2, 1]));
  const loss = ({ xs, ys }: LabelledBatch) =>
    tf.losses.meanSquaredError(ys as tf.Tensor, tf.matMul(xs as tf.Tensor2D, weights as tf.Tensor2D));
  const samples = (count: number, seed: number) => {
    const xs = tf.randomNormal([count, 2], 0, 1, 'float32', seed);
    return { xs, ys: tf.sum(xs, 1, true) };
  };
  const held = samples(8, 3);
  return {
    model: { variables: [weights], loss },
    optimizer: tf.train.adam(0.1),
    data: { ...samples(4 * PER_EPOCH, 1), batchSize: 4, seed: 2 },
    validation: (epoch) => {
      if (epoch === failsIn) throw new Error('no validation data');
      return [held];
    },
    epochs: 3,
    accumulation: gradientAccumulation({ accumBatchSize: 8 }),
    checkpoints: { store: checkpointFolder(join(dir, 'checkpoints')), every: { microBatches: 2 } },
  };
}

/** Trains with all three loggers; resolves when they are closed. */
async function logged(
  dir: string,
  training: CustomTrainOptions<LabelledBatch>,
  watch: (run: TrainRun) => void = () => {},
) {
  const run = train(training);
  const receipts = record(
    run.events$,
    [
      tensorboard({ logDir: join(dir, 'tensorboard') }),
      wandb({ dir, quiet: true, saveGit: false, systemMetrics: false }),
      journal({ dir: join(dir, 'journal') }),
    ],
    { onDiagnostic: () => {} },
  );
  watch(run);
  const ended = await run.done.then(
    ({ outcome }) => outcome,
    (error: Error) => error.message,
  );
  expect((await receipts).flatMap(({ errors }) => errors)).toEqual([]);
  return ended;
}

const at = (microStep: number, end: (run: TrainRun) => void) => (run: TrainRun) => {
  run.events$.subscribe({
    next(event) {
      if (event.type === 'micro-batch' && event.microStep === microStep) end(run);
    },
    error() {},
  });
};

/** Ends the run as a handler of Ctrl-C does. */
function interrupt(run: TrainRun): void {
  const stop = () => run.stop();
  process.once('SIGINT', stop);
  process.emit('SIGINT', 'SIGINT');
}

/** Without the names of variables, which count the process's own. */
const bits = (dir: string) => lastBits(dir).map((line) => line.replace(/^\S+/, ''));

describe('a run with checkpoints that ends early and is started again', () => {
  const stop = (run: TrainRun) => run.stop();
  test.each<{ by: string; outcome: string; end?: ReturnType<typeof at>; failsIn?: number }>([
    { by: 'stop() where an epoch ends inside a window', outcome: 'stopped', end: at(5, stop) },
    { by: 'stop() where an epoch ends with a step', outcome: 'stopped', end: at(10, stop) },
    { by: 'stop() after all micro-batches', outcome: 'stopped', end: at(15, stop) },
    { by: 'SIGINT, whose handler stops it', outcome: 'stopped', end: at(10, interrupt) },
    { by: 'an error of validation', outcome: 'no validation data', failsIn: 1 },
  ])('shows what one that never ended does: $by', async ({ outcome, end, failsIn }) => {
    const [unbroken, dir] = [emptyFolder(), emptyFolder()];
    expect(await logged(unbroken, options(unbroken))).toBe('finished');
    expect(await logged(dir, options(dir, failsIn), end)).toBe(outcome);
    expect(await logged(dir, options(dir))).toBe('finished');
    expect(bits(dir)).toEqual(bits(unbroken));
    expect(shownRows(dir)).toEqual(shownRows(unbroken));
    expect(await shownPoints(dir, 'slow')).toEqual(await shownPoints(unbroken, 'slow'));
    expect(await journalled(dir)).toEqual(await journalled(unbroken));
  });
});
