import {
  type AccumulatedBatchEvent,
  createAccumulator,
  gradientAccumulation,
  type MicroBatchEvent,
  type TrainingPlan,
} from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { byEights, started, train, types } from './accumulator-support.js';

describe('a window', () => {
  it('closes when its samples reach the target, and shows the weighted mean', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    const { window: first } = accumulator.next({ loss: 1, samples: 8, metrics: { accuracy: 0.5 } });
    const { window: second, normalizer } = accumulator.next({ loss: 4, samples: 12, metrics: { accuracy: 1 } });
    const [event] = accumulator.applied({ gradNorm: 2 }) as [AccumulatedBatchEvent];
    expect([first, second, normalizer]).toEqual(['open', 'full', 20]);
    expect(event).toEqual({
      type: 'accumulated-batch',
      microStep: 2,
      step: 1,
      samples: 20,
      epoch: 0,
      time: 1000,
      loss: (8 * 1 + 12 * 4) / 20,
      metrics: { accuracy: (8 * 0.5 + 12 * 1) / 20 },
      normalizer: 20,
      accumBatchSize: 16,
      windowSamples: 20,
      microBatches: [
        { microStep: 1, samples: 8, weight: 8, loss: 1 },
        { microStep: 2, samples: 12, weight: 12, loss: 4 },
      ],
      smoothLoss: expect.closeTo((8 * 1 + 12 * 4) / 20, 12),
      gradNorm: 2,
    });
  });

  it("divides by the target where normalize is 'target'", () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, normalize: 'target' }));
    accumulator.next({ loss: 1, samples: 8 });
    accumulator.next({ loss: 4, samples: 12 });
    expect(accumulator.applied()).toMatchObject([{ loss: (8 + 48) / 16, normalizer: 16 }]);
  });

  it('counts by weight where there is one', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    accumulator.next({ loss: 2, samples: 8, weight: 100 });
    accumulator.next({ loss: 8, samples: 8, weight: 300 });
    expect(accumulator.applied()).toMatchObject([{ loss: 6.5, normalizer: 400, windowSamples: 16 }]);
  });

  it('averages a metric over the micro-batches that have it', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    accumulator.next({ loss: 1, samples: 8 });
    accumulator.next({ loss: 1, samples: 8, metrics: { rare: 3 } });
    expect(accumulator.applied()).toMatchObject([{ metrics: { rare: 3 } }]);
  });

  it("divides by the target only metrics that each micro-batch has, where normalize is 'target'", () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, normalize: 'target' }));
    accumulator.next({ loss: 1, samples: 8, metrics: { every: 1 } });
    accumulator.next({ loss: 1, samples: 12, metrics: { every: 2, rare: 3 } });
    expect(accumulator.applied()).toMatchObject([{ metrics: { every: (8 + 24) / 16, rare: 3 } }]);
    expect(accumulator.endEpoch()).toMatchObject([{ train: { every: (8 + 24) / 20, rare: 3 } }]);
  });

  it('that waits for applied() refuses the next micro-batch', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 8 }));
    accumulator.next({ loss: 1, samples: 8 });
    expect(() => accumulator.next({ loss: 1, samples: 8 })).toThrow(/full window waits/);
    expect(() => accumulator.endEpoch()).toThrow(/full window waits/);
    accumulator.discard('overflow');
    expect(accumulator.next({ loss: 1, samples: 8 }).window).toBe('full');
  });
});

describe("an epoch's tail", () => {
  const plan = { microBatchSize: 8, microBatchesPerEpoch: 3, epochs: 2 };
  const twoEpochs = (lastWindow: 'carry' | 'flush' | 'drop', given: TrainingPlan) => {
    const accumulator = createAccumulator(gradientAccumulation({ accumBatchSize: 16, lastWindow }), given);
    const events = [...accumulator.start()];
    for (let epoch = 0; epoch < 2; epoch += 1) {
      events.push(...train(accumulator, [8, 8, 8]));
      const { events: closing, window } = accumulator.closeEpoch();
      events.push(...closing, ...(window === 'full' ? accumulator.applied() : []), ...accumulator.endEpoch());
    }
    events.push(...accumulator.end());
    checkGrammar(events);
    return events.filter(({ type }) => type !== 'micro-batch');
  };

  it.each([plan, byEights])('is carried, flushed or dropped with the plan %j', (given) => {
    const carried = twoEpochs('carry', given);
    expect(types(carried).slice(1, -1)).toEqual([
      'accumulated-batch',
      'epoch-end',
      'accumulated-batch',
      'accumulated-batch',
      'epoch-end',
    ]);
    const flushed = twoEpochs('flush', given);
    const epoch = ['accumulated-batch', 'accumulated-batch', 'epoch-end'];
    expect(types(flushed).slice(1, -1)).toEqual([...epoch, ...epoch]);
    expect(flushed[2]).toMatchObject({ windowSamples: 8, normalizer: 8, accumBatchSize: 16, loss: 1 });
    const dropped = twoEpochs('drop', given);
    const shortened = ['accumulated-batch', 'discarded-window', 'epoch-end'];
    expect(types(dropped).slice(1, -1)).toEqual([...shortened, ...shortened]);
    expect(dropped[2]).toMatchObject({ reason: 'epoch-tail', microBatches: [{ microStep: 3 }] });
  });

  it("need not be computed under 'drop' where the count is known: floor(N/n) steps an epoch", () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, lastWindow: 'drop' }), plan);
    expect(accumulator.tailIsDropped()).toBe(false);
    train(accumulator, [8]);
    expect(accumulator.tailIsDropped()).toBe(false);
    train(accumulator, [8]);
    expect(accumulator.tailIsDropped()).toBe(true);
    expect(accumulator.tailIsDropped(15)).toBe(true);
    expect(accumulator.tailIsDropped(16)).toBe(false);
    expect(accumulator.closeEpoch().events).toEqual([]);
    expect(accumulator.endEpoch()).toMatchObject([{ type: 'epoch-end', microStep: 2, epoch: 1 }]);
    expect(accumulator.tailIsDropped()).toBe(false);
  });

  it('that is still carried when training ends is discarded after the last epoch-end', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }), plan);
    train(accumulator, [8, 8, 8]);
    const events = accumulator.end();
    expect(types(events)).toEqual(['epoch-end', 'discarded-window', 'run-end']);
    expect(events[1]).toMatchObject({ reason: 'training-end', microBatches: [{ microStep: 3 }] });
  });

  it('must be decided before endEpoch()', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' }));
    train(accumulator, [8]);
    expect(() => accumulator.endEpoch()).toThrow(/closeEpoch/);
  });
});

describe('epoch-end', () => {
  it('has sample-weighted training means, whatever weighs in a window, and what validation gave', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    accumulator.next({ loss: 1, samples: 8, metrics: { accuracy: 0 }, weight: 100 });
    accumulator.next({ loss: 4, samples: 24, metrics: { accuracy: 1 }, weight: 1 });
    accumulator.applied();
    const [event] = accumulator.endEpoch({ loss: 0.5 });
    expect(event).toMatchObject({ train: { loss: 3.25, accuracy: 0.75 }, valid: { loss: 0.5 }, epoch: 1 });
  });

  it('comes by itself where the plan counts and nobody called endEpoch()', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 8 }), { ...byEights, microBatchesPerEpoch: 2 });
    expect(types(train(accumulator, [8, 8, 8])).filter((type) => type === 'epoch-end')).toHaveLength(1);
  });
});

describe('events', () => {
  it('tell of a loss that is not finite once, and keep it', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 8 }));
    const events = [...train(accumulator, [8], Number.NaN), ...train(accumulator, [8], Number.POSITIVE_INFINITY)];
    expect(types(events).filter((type) => type === 'diagnostic')).toHaveLength(1);
    expect(events).toMatchObject([
      { type: 'micro-batch', loss: Number.NaN },
      { type: 'diagnostic', code: 'non-finite-loss' },
      { type: 'accumulated-batch', loss: Number.NaN },
      { loss: Number.POSITIVE_INFINITY },
      { loss: Number.POSITIVE_INFINITY, smoothLoss: Number.NaN },
    ]);
  });

  it('share nothing with what was passed in', () => {
    const metrics = { accuracy: 0.5 };
    const values = { hist: { kind: 'histogram', values: new Float64Array([1, 2]) } } as const;
    const accumulator = started(gradientAccumulation());
    const [micro] = accumulator.next({ loss: 1, samples: 8, metrics }).events as [MicroBatchEvent];
    const [log] = accumulator.log(values);
    metrics.accuracy = 0;
    values.hist.values[0] = 99;
    expect(micro.metrics).toEqual({ accuracy: 0.5 });
    expect(log).toMatchObject({ values: { hist: { values: new Float64Array([1, 2]) } } });
  });

  it('copy a Buffer too, whose slice() is a view, and have null for what JSON lacks', () => {
    const png = Buffer.from([1, 2, 3]);
    const config = { list: [undefined, 1], day: new Date(Number.NaN), big: new BigInt64Array([5n]) };
    const accumulator = createAccumulator(gradientAccumulation(), byEights, { run: { config } });
    accumulator.start();
    const [log] = accumulator.log({ image: { kind: 'image', png, width: 1, height: 1 } });
    png[0] = 99;
    expect(log).toMatchObject({ values: { image: { png: new Uint8Array([1, 2, 3]) } } });
    expect(accumulator.run.config).toEqual({ list: [null, 1], day: null, big: [5] });
  });

  it('never go back in time', () => {
    const times = [50, 40, 60];
    const accumulator = createAccumulator(gradientAccumulation(), byEights, { clock: () => times.shift() ?? 10 });
    const events = [...accumulator.start(), ...train(accumulator, [8, 8])];
    expect(events.map(({ time }) => time)).toEqual([50, 60, 60]);
  });
});
