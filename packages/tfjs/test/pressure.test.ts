import { defineLogger, gradientAccumulation, memorySink, record, type Sink, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type TrainOptions, train } from '../src/index.js';
import './backends.js';
import { classes, classifier, collect, ofType } from './fixtures.js';

const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0.1),
  loss: 'categoricalCrossentropy',
  data: { ...classes(60), batchSize: 1 },
  accumulation: gradientAccumulation({ accumBatchSize: 4 }),
});

/** Two start diagnostics, one in the midst, windows that are discarded between others and at the end, validation. */
function eventful(): TrainOptions {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [6], activation: 'softmax' }), tf.layers.batchNormalization()],
  });
  const { xs, ys } = classes(4);
  let batches = 0;
  return {
    ...options(),
    model,
    loss: (yTrue, yPred) =>
      tf.mul(tf.mean(tf.squaredDifference(yTrue, yPred)), ++batches === 3 ? Number.NaN : 1) as tf.Scalar,
    data: () => Array.from({ length: 11 }, () => ({ xs, ys })).values(),
    epochs: 3,
    validation: () => ({ none: 0 }),
    accumulation: gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4, lastWindow: 'drop' }),
  };
}

/** A sink whose every operation takes `hops` turns of the microtask queue. */
function hopping(hops: { open: number; write: number }): Sink & { readonly events: readonly TrainEvent[] } {
  const sink = memorySink();
  const hop = async (count: number) => {
    for (let left = count; left > 0; left -= 1) await undefined;
  };
  return {
    ...sink,
    events: sink.events,
    async open(run) {
      await hop(hops.open);
      await sink.open(run);
    },
    async write(events) {
      await hop(hops.write);
      await sink.write(events);
    },
  };
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('a recorded logger with maxQueued %i', (maxQueued) => {
  it.each([
    ['opens slowly', { open: 50, write: 1 }],
    ['writes slowly', { open: 0, write: 50 }],
    ['takes a few turns', { open: 5, write: 3 }],
  ])('that %s loses nothing', async (_, hops) => {
    for (const make of [options, eventful]) {
      const sink = hopping(hops);
      const run = train(make());
      const events = collect(run);
      const receipts = await record(run.events$, [defineLogger(sink, { maxQueued })], { onDiagnostic() {} });
      expect(receipts[0]).toMatchObject({ dropped: {}, errors: [], written: events.length });
      expect(sink.events).toEqual(events);
      expect(sink.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'finished' });
    }
  });

  it('loses nothing after stop() or a failure', async () => {
    for (const reason of ['stopped', 'failed'] as const) {
      const sink = hopping({ open: 5, write: 50 });
      const run = train({
        ...eventful(),
        validation() {
          if (reason === 'failed') throw new Error('no validation');
          run.stop();
          return { none: 0 };
        },
        accumulation: gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4 }),
      });
      const events = collect(run);
      const receipts = await record(run.events$, [defineLogger(sink, { maxQueued })], { onDiagnostic() {} });
      expect(receipts[0]).toMatchObject({ dropped: {}, written: events.length });
      expect(sink.events.slice(-2)).toMatchObject([{ type: 'discarded-window' }, { type: 'run-end', outcome: reason }]);
    }
  });

  it('keeps what is logged while training waits in its place, with clocks that only rise', async () => {
    const sink = hopping({ open: 5, write: 20 });
    const run = train(eventful());
    const events = collect(run);
    run.events$.subscribe((event) => {
      if (event.type !== 'micro-batch') return;
      run.log({ during: event.microStep });
      // From a turn of its own: an event may be held back just then.
      Promise.resolve().then(() => run.log({ after: event.microStep }));
    });
    const receipts = await record(run.events$, [defineLogger(sink, { maxQueued })], { onDiagnostic() {} });
    expect(receipts[0]!.dropped).toEqual({});
    expect(ofType(sink.events, 'log')).toHaveLength(66);
    expect(sink.events).toEqual(events);
    for (const clock of ['microStep', 'step', 'samples', 'epoch', 'time'] as const) {
      const values = sink.events.map((event) => event[clock]);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    }
  });
});

it('waits for the slowest of several loggers', async () => {
  const sinks = [hopping({ open: 1, write: 2 }), hopping({ open: 70, write: 30 }), hopping({ open: 3, write: 50 })];
  const run = train(eventful());
  const loggers = sinks.map((sink, index) => defineLogger(sink, { maxQueued: index + 1 }));
  const receipts = await record(run.events$, loggers, { onDiagnostic() {} });
  expect(receipts.map(({ dropped }) => dropped)).toEqual([{}, {}, {}]);
});

it('ends when the time limit of a logger that never answers is up', async () => {
  const run = train(eventful());
  const sink: Sink = { ...memorySink(), write: () => new Promise(() => {}) };
  const [receipt] = await record(run.events$, [defineLogger(sink, { maxQueued: 1, timeoutMs: 1 })], {
    onDiagnostic() {},
  });
  expect(receipt!.errors.map(({ code }) => code)).toEqual(['timeout']);
  expect((await run.done).outcome).toBe('finished');
});
