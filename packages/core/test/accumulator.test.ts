import {
  type AccumulatedBatchEvent,
  type AccumulationPolicy,
  type Accumulator,
  createAccumulator,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type MicroBatchEvent,
  type TrainEvent,
  type TrainingPlan,
} from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const byEights = { microBatchSize: 8 };

function types(events: readonly TrainEvent[]): string[] {
  return events.map(({ type }) => type);
}

/** Trains micro-batches of these sizes, stepping at each full window. */
function train(accumulator: Accumulator, sizes: readonly number[], loss = 1): TrainEvent[] {
  return sizes.flatMap((samples) => {
    const { events, window } = accumulator.next({ loss, samples });
    return window === 'full' ? [...events, ...accumulator.applied()] : [...events];
  });
}

function started(policy: AccumulationPolicy, plan: TrainingPlan = byEights): Accumulator {
  const accumulator = createAccumulator(policy, plan, { clock: () => 1000, newId: () => 'run1' });
  accumulator.start();
  return accumulator;
}

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

describe('bad input', () => {
  it.each([
    [{ loss: '1', samples: 8 }, /loss.*"1"/],
    [{ loss: 1, samples: 0 }, /samples.*not 0/],
    [{ loss: 1, samples: 2.5 }, /samples.*not 2.5/],
    [{ loss: 1, samples: 8, weight: -1 }, /weight.*not -1/],
    [{ loss: 1, samples: 8, weight: Number.NaN }, /weight.*not NaN/],
    [{ loss: 1, samples: 8, metrics: { accuracy: null } }, /metrics.accuracy.*not null/],
    [{ loss: 1, samples: 8, metrics: { loss: 9 } }, /metrics.loss \(9\)/],
    [undefined, /micro-batch.*undefined/],
  ])('%j is refused by name and value, and counts nothing', (result, message) => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    const before = accumulator.snapshot();
    expect(() => accumulator.next(result as never)).toThrow(message);
    expect(accumulator.snapshot()).toEqual(before);
  });

  it("a weight that is not the samples is refused where normalize is 'target'", () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, normalize: 'target' }));
    expect(() => accumulator.next({ loss: 1, samples: 8, weight: 5 })).toThrow(/weight: 5 for 8 samples/);
  });

  it('a window that weighs nothing is refused before its step could divide by 0', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    accumulator.next({ loss: 0, samples: 8, weight: 0 });
    expect(() => accumulator.next({ loss: 0, samples: 8, weight: 0 })).toThrow(/weigh 0 in all/);
  });

  it.each(['a/b', '', 'x'.repeat(65), 7])('run.id %j is refused', (id) => {
    expect(() => createAccumulator(gradientAccumulation(), byEights, { run: { id: id as string } })).toThrow(
      /run\.id.*not/,
    );
  });

  it('a config that is no plain data is refused by its place', () => {
    const config = { model: { activation: () => 0 } };
    expect(() => createAccumulator(gradientAccumulation(), byEights, { run: { config } })).toThrow(
      /run\.config\.model\.activation/,
    );
  });

  it.each([
    [{ '': 1 }, /key must not be empty/],
    [{ a: null }, /"a"/],
    [{ a: { kind: 'histogram', counts: [1], edges: [0] } }, /"a".*edge/],
    [{ a: { kind: 'table', columns: ['x'], rows: [[1, 2]] } }, /"a".*as long as/],
    [{ a: { kind: 'sound' } }, /"a".*kinds/],
    [{ a: { kind: 'table', columns: ['x'], rows: [null] } }, /"a"/],
    [{ a: { kind: 'table', columns: ['x'], rows: [[{}]] } }, /"a".*cell/],
    [{ a: { kind: 'histogram', counts: new Array(1), edges: [0, 1] } }, /"a"/],
    [{ a: { kind: 'image', png: new Uint8Array(1), width: Number.POSITIVE_INFINITY, height: 1 } }, /"a".*width/],
  ])('log(%j) is refused by key', (values, message) => {
    expect(() => started(gradientAccumulation()).log(values as never)).toThrow(message);
  });

  it('calls out of order say which', () => {
    const accumulator = createAccumulator(gradientAccumulation(), byEights);
    expect(() => accumulator.next({ loss: 1, samples: 8 })).toThrow(/call start\(\) first/);
    accumulator.start();
    expect(() => accumulator.start()).toThrow(/has begun/);
    expect(() => accumulator.applied()).toThrow(/no full window/);
    accumulator.end();
    expect(() => accumulator.next({ loss: 1, samples: 8 })).toThrow(/has ended/);
    expect(accumulator.end()).toEqual([]);
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

type Call = 'next' | 'applied' | 'discard' | 'closeEpoch' | 'endEpoch' | 'log';
const calls = fc.array(
  fc.record({
    call: fc.constantFrom<Call>('next', 'next', 'next', 'next', 'applied', 'discard', 'closeEpoch', 'endEpoch', 'log'),
    samples: fc.integer({ min: 1, max: 12 }),
    loss: fc.double({ min: -10, max: 10, noNaN: true }),
    weight: fc.option(fc.double({ min: 0.5, max: 4, noNaN: true }), { nil: undefined }),
  }),
  { maxLength: 60 },
);
const policies = fc.record({
  scheduled: fc.boolean(),
  logAccumBatch: fc.boolean(),
  lastWindow: fc.constantFrom('carry', 'flush', 'drop'),
  counted: fc.boolean(),
});

type Step = { call: Call; samples: number; loss: number; weight: number | undefined };

function perform(accumulator: Accumulator, { call, samples, loss, weight }: Step): readonly TrainEvent[] {
  switch (call) {
    case 'next':
      return accumulator.next(weight === undefined ? { loss, samples } : { loss, samples, weight }).events;
    case 'applied':
      return accumulator.applied();
    case 'discard':
      return accumulator.discard('test');
    case 'closeEpoch':
      return accumulator.closeEpoch().events;
    case 'endEpoch':
      return accumulator.endEpoch();
    case 'log':
      return accumulator.log({ value: loss });
  }
}

// A call that is out of order must change nothing: it throws, and the stream goes on.
function tryPerform(accumulator: Accumulator, step: Step): readonly TrainEvent[] {
  const before = JSON.stringify(accumulator.snapshot());
  try {
    return perform(accumulator, step);
  } catch {
    expect(JSON.stringify(accumulator.snapshot())).toBe(before);
    return [];
  }
}

describe('under any interleaving of calls', () => {
  const make = ({
    scheduled,
    logAccumBatch,
    lastWindow,
    counted,
  }: {
    scheduled: boolean;
    logAccumBatch: boolean;
    lastWindow: 'carry' | 'flush' | 'drop';
    counted: boolean;
  }) => {
    const plan =
      counted || scheduled ? { microBatchSize: 4, microBatchesPerEpoch: 7, epochs: 3 } : { microBatchSize: 4 };
    const common = { logAccumBatch, lastWindow };
    const policy = scheduled
      ? gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16, finish: 0.6, ...common })
      : gradientAccumulation({ accumBatchSize: 12, ...common });
    return { plan, policy };
  };
  const clock = () => 5;

  it('the grammar holds, clocks only rise and no micro-batch is lost', () => {
    fc.assert(
      fc.property(policies, calls, fc.constantFrom('finished', 'failed', 'stopped'), (options, steps, outcome) => {
        const { plan, policy } = make(options);
        const accumulator = createAccumulator(policy, plan, { clock });
        const events = [...accumulator.start()];
        for (const step of steps) events.push(...tryPerform(accumulator, step));
        events.push(...accumulator.end(outcome));
        const counts = checkGrammar(events);
        expect(counts.trained).toBe(counts.accumulated + counts.discarded);
      }),
    );
  });

  it('a snapshot at any point continues to the same events', () => {
    fc.assert(
      fc.property(policies, calls, fc.nat(60), (options, steps, cut) => {
        const { plan, policy } = make(options);
        const whole = createAccumulator(policy, plan, { clock, newId: () => 'same' });
        whole.start();
        for (const step of steps.slice(0, cut)) tryPerform(whole, step);
        const snapshot = JSON.parse(JSON.stringify(whole.snapshot()));
        const restored = createAccumulator(policy, plan, { clock, snapshot });
        for (const step of steps.slice(cut)) expect(tryPerform(restored, step)).toEqual(tryPerform(whole, step));
        expect(restored.end()).toEqual(whole.end());
      }),
    );
  });

  it('any split of samples and weights gives the same logged loss', () => {
    const samples = fc.array(
      fc.record({ loss: fc.double({ min: -100, max: 100, noNaN: true }), weight: fc.integer({ min: 1, max: 50 }) }),
      { minLength: 12, maxLength: 12 },
    );
    const splits = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    fc.assert(
      fc.property(samples, splits, (batch, cuts) => {
        const accumulator = started(gradientAccumulation({ accumBatchSize: 12 }), { microBatchSize: 1 });
        const edges = [0, ...cuts.toSorted((a, b) => a - b), 12];
        for (let at = 0; at + 1 < edges.length; at += 1) {
          const part = batch.slice(edges[at], edges[at + 1]);
          const weight = part.reduce((sum, one) => sum + one.weight, 0);
          const loss = part.reduce((sum, one) => sum + one.weight * one.loss, 0) / weight;
          accumulator.next({ loss, samples: part.length, weight });
        }
        const total = batch.reduce((sum, one) => sum + one.weight, 0);
        const mean = batch.reduce((sum, one) => sum + one.weight * one.loss, 0) / total;
        const [event] = accumulator.applied() as [AccumulatedBatchEvent];
        expect(Math.abs(event.loss - mean)).toBeLessThanOrEqual(1e-10);
      }),
    );
  });
});

describe('a snapshot', () => {
  const policy = gradientAccumulation({ accumBatchSize: 16 });

  it('says where the resumed run goes on, and keeps what is not finite', () => {
    const accumulator = createAccumulator(policy, byEights, { run: { id: 'first', config: { lr: Number.NaN } } });
    accumulator.start();
    train(accumulator, [8, 8, 8], Number.NEGATIVE_INFINITY);
    const snapshot = JSON.parse(JSON.stringify(accumulator.snapshot()));
    const resumed = createAccumulator(policy, byEights, { snapshot });
    const [start] = resumed.start();
    expect(start).toMatchObject({
      run: { id: 'first', config: { lr: Number.NaN }, resumedAt: { microStep: 3, step: 1 } },
    });
    const [, closing] = train(resumed, [8], 1);
    expect(closing).toMatchObject({
      loss: Number.NEGATIVE_INFINITY,
      microBatches: [{ microStep: 3 }, { microStep: 4 }],
    });
  });

  it('of another policy or plan is refused', () => {
    const { snapshot } = started(policy);
    const other = gradientAccumulation({ accumBatchSize: 24 });
    expect(() => createAccumulator(other, byEights, { snapshot: snapshot() })).toThrow(
      /snapshot: its policy is.*16.*24/,
    );
    expect(() => createAccumulator(policy, { microBatchSize: 4 }, { snapshot: snapshot() })).toThrow(
      /snapshot: its plan/,
    );
    expect(() => createAccumulator(policy, byEights, { snapshot: { schema: 2 } })).toThrow(TypeError);
    const forged = { ...(snapshot() as object), state: {} };
    expect(() => createAccumulator(policy, byEights, { snapshot: forged })).toThrow(/snapshot is not one/);
  });

  it('tells schedules of one name apart by what they give', () => {
    const plan = { microBatchSize: 8, microBatchesPerEpoch: 10, epochs: 2 };
    const make = (power: number) => {
      const schedule = (from: number, to: number, pct: number) => from + (to - from) * pct ** power;
      return gradientAccumulationSchedule({ startAccumBatchSize: 8, finalAccumBatchSize: 64, schedule });
    };
    const snapshot = started(make(1), plan).snapshot();
    expect(() => createAccumulator(make(2), plan, { snapshot })).toThrow(/snapshot: its policy/);
  });
});
