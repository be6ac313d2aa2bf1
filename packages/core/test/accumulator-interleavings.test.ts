import {
  type AccumulatedBatchEvent,
  type Accumulator,
  createAccumulator,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type TrainEvent,
} from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { started } from './accumulator-support.js';

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
