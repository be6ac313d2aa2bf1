import {
  type AccumulatedBatchEvent,
  type AccumulationPolicy,
  createAccumulator,
  gradientAccumulation,
  type TrainEvent,
} from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { byEights, started, train, types } from './accumulator-support.js';

const windowsOf24 = gradientAccumulation({ accumBatchSize: 24 });
const nan = Number.NaN;

/** Three micro-batches, of which the second is skipped: one window of 24. */
function oneSkipped(policy: AccumulationPolicy): TrainEvent[] {
  const accumulator = createAccumulator(policy, byEights, { clock: () => 1000, newId: () => 'run1' });
  return [
    ...accumulator.start(),
    ...accumulator.next({ loss: 1, samples: 8, metrics: { accuracy: 0.5 } }).events,
    ...accumulator.next({ loss: nan, samples: 8, metrics: { accuracy: nan }, skipped: true }).events,
    ...accumulator.next({ loss: 3, samples: 8, metrics: { accuracy: 1 } }).events,
    ...accumulator.applied(),
    ...accumulator.endEpoch(),
    ...accumulator.end(),
  ];
}

function find<T extends TrainEvent['type']>(events: readonly TrainEvent[], type: T) {
  return events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
}

describe('a micro-batch that is skipped', () => {
  it('stands in the lineage with weight 0, and the rest is renormalised', () => {
    const [step] = find(oneSkipped(windowsOf24), 'accumulated-batch') as [AccumulatedBatchEvent];
    expect(step).toMatchObject({
      loss: 2,
      metrics: { accuracy: 0.75 },
      normalizer: 16,
      windowSamples: 24,
      smoothLoss: 2,
    });
    expect(step.microBatches).toEqual([
      { microStep: 1, samples: 8, weight: 8, loss: 1 },
      { microStep: 2, samples: 8, weight: 0, loss: nan, skipped: true },
      { microStep: 3, samples: 8, weight: 8, loss: 3 },
    ]);
  });

  it('is told of by its event and a diagnostic, and is no part of the epoch', () => {
    const events = oneSkipped(windowsOf24);
    expect(find(events, 'micro-batch').map(({ skipped, weight }) => [skipped, weight])).toEqual([
      [undefined, 8],
      [true, 0],
      [undefined, 8],
    ]);
    expect(find(events, 'diagnostic').map(({ code }) => code)).toEqual(['micro-batch-skipped']);
    expect(find(events, 'epoch-end')[0]!.train).toEqual({ loss: 2, accuracy: 0.75 });
    checkGrammar(events);
  });

  it('leaves the smooth loss of recorded micro-batches where it was', () => {
    const events = oneSkipped(gradientAccumulation({ accumBatchSize: 24, logAccumBatch: false }));
    const [first, second] = find(events, 'micro-batch').map(({ smoothLoss }) => smoothLoss);
    expect(second).toBe(first);
    checkGrammar(events);
  });

  it('fills its window, and counts on every clock', () => {
    const accumulator = started(windowsOf24);
    train(accumulator, [8]);
    expect(accumulator.next({ loss: nan, samples: 16, skipped: true })).toMatchObject({
      window: 'full',
      normalizer: 8,
    });
    expect(accumulator.applied()[0]).toMatchObject({ microStep: 2, samples: 24, step: 1 });
  });

  it('ends a window of nothing else without a step', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    accumulator.next({ loss: nan, samples: 8, skipped: true });
    const { events, window } = accumulator.next({ loss: 1, samples: 8, skipped: true });
    expect(types(events)).toEqual(['micro-batch', 'diagnostic', 'discarded-window']);
    expect(events[2]).toMatchObject({ reason: 'skipped', step: 0, microStep: 2 });
    expect(window).toBe('open');
    expect(train(accumulator, [8, 8]).at(-1)).toMatchObject({ step: 1, loss: 1 });
  });

  it('ends a flushed tail of nothing else without a step', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' }));
    accumulator.next({ loss: nan, samples: 8, skipped: true });
    expect(accumulator.closeEpoch()).toMatchObject({ window: 'open', events: [{ type: 'discarded-window' }] });
    expect(accumulator.endEpoch()).toMatchObject([{ type: 'epoch-end', train: {} }]);
  });

  it("is refused where the window is divided by its target's samples", () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, normalize: 'target' }));
    expect(() => accumulator.next({ loss: nan, samples: 8, skipped: true })).toThrow(TypeError);
    expect(() => started(windowsOf24).next({ loss: 1, samples: 8, skipped: 1 as never })).toThrow('skipped');
  });
});

describe('what is measured of a step', () => {
  it('stands in its event, where it was measured', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 8 }));
    accumulator.next({ loss: 1, samples: 8 });
    const measured = { gradNorm: 2, normTestRatio: 0.5, samplesPerSecond: 100, applyMs: 3 };
    const [event] = accumulator.applied(measured);
    expect(event).toMatchObject(measured);
    expect(event).not.toHaveProperty('logMs');
  });
});
