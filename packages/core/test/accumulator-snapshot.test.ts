import { createAccumulator, gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import { byEights, started, train } from './accumulator-support.js';

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
      run: { id: 'first', config: { lr: Number.NaN }, resumedAt: { microStep: 3, step: 1, samples: 24 } },
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
