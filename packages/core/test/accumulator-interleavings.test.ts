import { type AccumulatedBatchEvent, createAccumulator, gradientAccumulation, type TrainEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { started } from './accumulator-support.js';
import { perform, type RandomCall, randomCalls, randomPolicy } from './random-calls.js';

/** A call's events, or the error that it threw. */
type Answer = readonly TrainEvent[] | Error;

function attempt(make: () => readonly TrainEvent[]): Answer {
  try {
    return make();
  } catch (error) {
    return error as Error;
  }
}

/** How many micro-batches events tell of, by what became of them. */
function countsOf(events: readonly TrainEvent[]): { trained: number; accumulated: number; discarded: number } {
  const counts = { trained: 0, accumulated: 0, discarded: 0 };
  for (const event of events) {
    if (event.type === 'micro-batch') counts.trained += 1;
    if (event.type === 'accumulated-batch') counts.accumulated += event.microBatches.length;
    if (event.type === 'discarded-window') counts.discarded += event.microBatches.length;
  }
  return counts;
}

describe('under any interleaving of calls', () => {
  it('the grammar holds, clocks only rise, and no micro-batch is lost at any point', () => {
    fc.assert(
      fc.property(randomPolicy, randomCalls, (options, calls) => {
        let now = 5;
        const accumulator = createAccumulator(options.policy, options.plan, { clock: () => now });
        const events = [...accumulator.start()];
        for (const call of calls) {
          now = call.now;
          const before = JSON.stringify(accumulator.snapshot());
          const answer = attempt(() => perform(accumulator, call));
          // A call that is out of order must change nothing: it throws, and the stream goes on.
          if (answer instanceof Error) expect(JSON.stringify(accumulator.snapshot())).toBe(before);
          else events.push(...answer);
          const { trained, accumulated, discarded } = countsOf(events);
          const open = openIn(accumulator.snapshot());
          expect(trained).toBe(accumulated + discarded + open);
          expect(checkGrammar(events, { partial: true })).toEqual({ trained, accumulated, discarded, open });
        }
        events.push(...accumulator.end());
        expect(checkGrammar(events).open).toBe(0);
      }),
    );
  });

  it('nothing happens after the end', () => {
    fc.assert(
      fc.property(randomPolicy, randomCalls, randomCalls, (options, calls, late) => {
        const accumulator = createAccumulator(options.policy, options.plan, { clock: () => 5 });
        accumulator.start();
        for (const call of calls) attempt(() => perform(accumulator, call));
        accumulator.end();
        const after = JSON.stringify(accumulator.snapshot());
        for (const call of late) {
          const answer = attempt(() => perform(accumulator, call));
          if (call.made.call === 'end') expect(answer).toEqual([]);
          else expect(answer).toBeInstanceOf(Error);
        }
        expect(() => accumulator.start()).toThrow(/the run has ended/);
        expect(JSON.stringify(accumulator.snapshot())).toBe(after);
      }),
    );
  });

  it('an accumulator that is restored after every call gives the same events', () => {
    fc.assert(
      fc.property(randomPolicy, randomCalls, ({ policy, plan }, calls) => {
        let now = 5;
        const clock = () => now;
        const whole = createAccumulator(policy, plan, { clock });
        const restore = (snapshot: unknown) =>
          createAccumulator(policy, plan, { clock, snapshot: JSON.parse(JSON.stringify(snapshot)) });
        let relayed = restore(whole.snapshot());
        const both = (made: (accumulator: typeof whole) => Answer) => {
          const expected = made(whole);
          expect(made(relayed)).toEqual(expected);
          relayed = restore(relayed.snapshot());
          const askedOf = ({ insideEpoch, nextTarget, tailIsDropped }: typeof whole) =>
            [insideEpoch, nextTarget(), tailIsDropped()] as const;
          expect(askedOf(relayed)).toEqual(askedOf(whole));
        };
        whole.start();
        relayed.start();
        relayed = restore(relayed.snapshot());
        const make = (call: RandomCall) => {
          now = call.now;
          both((accumulator) => attempt(() => perform(accumulator, call)));
        };
        calls.forEach(make);
        both((accumulator) => accumulator.end());
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

/** The micro-batches of the open window, as a snapshot holds them. */
function openIn(snapshot: unknown): number {
  return (snapshot as { state: { window: { microBatches: unknown[] } } }).state.window.microBatches.length;
}
