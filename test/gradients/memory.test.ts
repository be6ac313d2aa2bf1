import { gradientAccumulation } from '@microbatch/core';
import { type TrainOptions, type TrainRun, train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { labelled } from './labelled.js';

const WINDOWS = 1000;
const EPOCHS = 20;
/** Two micro-batches of 2 samples make a window. */
const data = labelled((WINDOWS / EPOCHS) * 4, [6], 1);

function model(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [6], activation: 'tanh' }),
      tf.layers.batchNormalization(),
      tf.layers.dropout({ rate: 0.2, seed: 1 }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
}

/** A training, and how many tensors there are before its optimizer, whose state outlives a run on purpose. */
function prepared(): { options: TrainOptions; before: number } {
  const given = { model: model(), validation: { ...labelled(6, [6], 2), batchSize: 4 } };
  const before = tf.memory().numTensors;
  const options: TrainOptions = {
    ...given,
    optimizer: tf.train.adam(0.01),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    data: { ...data, batchSize: 2 },
    epochs: EPOCHS,
    accumulation: gradientAccumulation({ accumBatchSize: 4 }),
  };
  return { options, before };
}

/** The tensors at each window's end, each count once, without the first: its step makes the optimizer's state. */
function countsAtWindows(run: TrainRun, atWindow: (step: number) => void = () => {}): Set<number> {
  const counts = new Set<number>();
  run.events$.subscribe({
    next(event) {
      if (event.type !== 'accumulated-batch') return;
      if (event.step > 1) counts.add(tf.memory().numTensors);
      atWindow(event.step);
    },
    error: () => {},
  });
  return counts;
}

/** The tensors that a run left behind. */
function leftBy({ optimizer }: TrainOptions, before: number): number {
  optimizer.dispose();
  return tf.memory().numTensors - before;
}

it(`holds the same tensors at each of ${WINDOWS} windows, and none afterwards`, async () => {
  const { options, before } = prepared();
  const run = train(options);
  let steps = 0;
  const counts = countsAtWindows(run, () => {
    steps += 1;
  });
  await run.done;
  expect([steps, counts.size]).toEqual([WINDOWS, 1]);
  expect(leftBy(options, before)).toBe(0);
});

it(`holds none after stop() inside window ${WINDOWS}`, async () => {
  const { options, before } = prepared();
  const run = train(options);
  const counts = countsAtWindows(run);
  run.events$.subscribe((event) => {
    if (event.type === 'micro-batch' && event.microStep === 2 * WINDOWS - 1) run.stop();
  });
  expect((await run.done).outcome).toBe('stopped');
  expect(counts.size).toBe(1);
  expect(leftBy(options, before)).toBe(0);
});

it(`holds none after an error inside window ${WINDOWS}`, async () => {
  const { options, before } = prepared();
  let batches = 0;
  const run = train({
    ...options,
    microBatchSize: 2,
    disposeBatches: true,
    *data() {
      for (;;) {
        batches += 1;
        yield { xs: tf.ones([2, batches < 2 * WINDOWS ? 6 : 7]), ys: tf.ones([2, 3]) };
      }
    },
    epochs: 1,
  } as TrainOptions);
  const counts = countsAtWindows(run);
  await expect(run.done).rejects.toThrow('xs must have the shape');
  expect(batches).toBe(2 * WINDOWS);
  expect(counts.size).toBe(1);
  expect(leftBy(options, before)).toBe(0);
});

it('a hundred runs that fail in the backward pass, one after another, leave none', async () => {
  const kernel = tf.variable(tf.ones([6, 3]));
  const before = tf.memory().numTensors;
  for (let at = 0; at < 100; at += 1) {
    const optimizer = tf.train.sgd(0.1);
    let batches = 0;
    const broken = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: () => {
        throw new Error('no gradient');
      },
    }));
    const run = train({
      model: {
        variables: [kernel],
        loss({ xs }) {
          batches += 1;
          const hidden = tf.tanh(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D));
          return tf.mean(batches % 4 === 0 ? broken(hidden) : hidden);
        },
      },
      optimizer,
      data: { ...data, batchSize: 2 },
      accumulation: gradientAccumulation({ accumBatchSize: 4 }),
    });
    await expect(run.done).rejects.toThrow('no gradient');
    optimizer.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});
