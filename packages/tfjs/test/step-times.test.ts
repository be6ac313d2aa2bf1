import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type LabelledBatch, train } from '../src/index.js';
import { collect, ofType } from './fixtures.js';
import { registerStallingBackend } from './stalling-backend.js';

/** What each thing takes on a clock that only they move; ms. */
const COST = { data: 100, forward: 10, read: 7, add: 5, apply: 3, event: 1, validation: 1000 };

let now = 0;
function pass(what: keyof typeof COST): void {
  now += COST[what];
}

registerStallingBackend({
  onRead: () => pass('read'),
  onKernel: (name) => {
    if (name === 'Add') pass('add');
  },
});

class SlowOptimizer extends tf.SGDOptimizer {
  override applyGradients(): void {
    pass('apply');
  }
}

it('books what each part of a step takes, waits for the device among them, and leaves validation out', async () => {
  await tf.setBackend('stalling');
  const weights = tf.variable(tf.ones([3]));
  const xs = tf.ones([4, 3]);
  const run = train<LabelledBatch>({
    model: {
      variables: [weights],
      loss: () => {
        pass('forward');
        return tf.mean(tf.mul(weights, xs));
      },
    },
    optimizer: new SlowOptimizer(1),
    *data() {
      for (let batch = 0; batch < 4; batch++) {
        pass('data');
        yield { xs, ys: xs };
      }
    },
    epochs: 2,
    accumulation: gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4 }),
    validation: () => {
      pass('validation');
      return { none: 0 };
    },
    measure: { times: { now: () => now } },
  });
  run.events$.subscribe(() => pass('event'));
  const events = collect(run);
  await run.done;
  const steps = ofType(events, 'accumulated-batch').map(
    ({ samplesPerSecond, forwardBackwardMs, accumulateMs, applyMs, logMs }) => ({
      samplesPerSecond,
      parts: [forwardBackwardMs, accumulateMs, applyMs, logMs],
    }),
  );
  const { data, forward, read, add, apply, event } = COST;
  const step = (...parts: [number, number, number, number]) => {
    const whole = 3 * data + parts.reduce((sum, part) => sum + part, 0);
    return { samplesPerSecond: 12_000 / whole, parts };
  };
  expect(steps).toEqual([
    step(3 * forward + read, 2 * add, apply, 3 * event),
    // The step before, a micro-batch, the epoch's end, which the losses are read at, and two micro-batches.
    step(3 * forward + 2 * read, 2 * add, apply, 5 * event),
  ]);
});

it('counts the samples of a dropped window into the rate of the next step', async () => {
  await tf.setBackend('stalling');
  const weights = tf.variable(tf.ones([3]));
  const run = train<LabelledBatch>({
    model: { variables: [weights], loss: () => tf.mean(weights) },
    optimizer: new SlowOptimizer(1),
    data: (epoch) =>
      (epoch === 0 ? [4] : [4, 4]).map((samples) => ({ xs: tf.ones([samples, 1]), ys: tf.ones([samples, 1]) })),
    epochs: 2,
    accumulation: gradientAccumulation({ accumBatchSize: 8, microBatchSize: 4, lastWindow: 'drop' }),
    measure: { times: { now: () => now } },
  });
  const events = collect(run);
  const begin = now;
  run.events$.subscribe(({ type }) => {
    if (type === 'discarded-window') now += 1000 - (now - begin);
  });
  await run.done;
  const [step] = ofType(events, 'accumulated-batch');
  expect(step!.samplesPerSecond).toBeCloseTo((12 * 1000) / (1000 + COST.read + COST.add + COST.apply), 10);
});

it('is measured by performance.now where no other clock is given, and by nothing where it is off', async () => {
  await tf.setBackend('cpu');
  const measured = async (times: boolean) => {
    const weights = tf.variable(tf.ones([3]));
    const xs = tf.ones([4, 3]);
    const run = train<LabelledBatch>({
      model: { variables: [weights], loss: () => tf.mean(weights) },
      optimizer: tf.train.sgd(1),
      data: [{ xs, ys: xs }],
      accumulation: gradientAccumulation({ accumBatchSize: 4 }),
      measure: { times },
    });
    const began = performance.now();
    const events = collect(run);
    await run.done;
    return { event: ofType(events, 'accumulated-batch')[0]!, tookMs: performance.now() - began };
  };
  const { event, tookMs } = await measured(true);
  const { forwardBackwardMs, accumulateMs, applyMs, logMs, samplesPerSecond } = event;
  const parts = [forwardBackwardMs!, accumulateMs!, applyMs!, logMs!];
  expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
  const whole = 4000 / samplesPerSecond!;
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(whole * (1 + 1e-9));
  expect(whole).toBeLessThanOrEqual(tookMs * (1 + 1e-9));
  expect((await measured(false)).event).not.toHaveProperty('samplesPerSecond');
});
