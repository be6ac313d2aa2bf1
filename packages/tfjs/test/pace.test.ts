import { defineLogger, gradientAccumulation, record } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { train } from '../src/index.js';
import { createPacer } from '../src/macrotask.js';
import './backends.js';
import { classes, classifier } from './fixtures.js';

it('gives the event loop a turn once 16 ms have passed since the last, and not before', async () => {
  let now = 0;
  const pace = createPacer(() => now);
  now = 15;
  expect(pace()).toBeUndefined();
  now = 16;
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await pace();
  expect(turned).toBe(true);
  now = 31;
  expect(pace()).toBeUndefined();
});

it('waits for a recorded logger that is slower than training, so that it loses nothing', async () => {
  let written = 0;
  const supports = { scalars: true, histograms: true, images: true, text: true, tables: true };
  const slow = defineLogger(
    {
      name: 'slow',
      supports,
      open() {},
      async write(events) {
        await new Promise((resolve) => setImmediate(resolve));
        written += events.length;
      },
      flush() {},
      close() {},
    },
    { maxQueued: 8 },
  );
  const run = train({
    model: classifier(),
    optimizer: tf.train.sgd(0.1),
    loss: 'categoricalCrossentropy',
    data: { ...classes(60), batchSize: 1 },
    accumulation: gradientAccumulation({ accumBatchSize: 4 }),
  });
  const [receipt] = await record(run.events$, [slow]);
  expect(receipt).toMatchObject({ dropped: {}, errors: [], written: 60 + 15 + 3 });
  expect(written).toBe(receipt!.received);
});
