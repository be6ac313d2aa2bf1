import {
  createAccumulator,
  gradientAccumulation,
  gradientAccumulationSchedule,
  resolvePlan,
  type ScheduleBound,
  schedCos,
  schedExp,
  schedLin,
  schedNo,
  schedPoly,
  type TrainingPlan,
} from '@microbatch/core';
import { describe, expect, it } from 'vitest';

const plan = { microBatchSize: 8, microBatchesPerEpoch: 20, epochs: 5 };
const sizes = { startAccumBatchSize: 8, finalAccumBatchSize: 64 };

describe('gradientAccumulation', () => {
  it('means nAcc where accumBatchSize is null or absent', () => {
    expect(gradientAccumulation().accumBatchSize).toBe(32);
    expect(gradientAccumulation({ accumBatchSize: null, nAcc: 64 }).accumBatchSize).toBe(64);
  });

  it.each([
    [{ accumBatchSize: 0 }, RangeError, /accumBatchSize.*not 0/],
    [{ accumBatchSize: -32 }, RangeError, /accumBatchSize.*not -32/],
    [{ accumBatchSize: 32.5 }, RangeError, /accumBatchSize.*not 32.5/],
    [{ accumBatchSize: Number.NaN }, RangeError, /accumBatchSize.*not NaN/],
    [{ accumBatchSize: '32' }, TypeError, /accumBatchSize.*not "32"/],
    [{ nAcc: 0 }, RangeError, /nAcc.*not 0/],
    [{ microBatchSize: 0 }, RangeError, /microBatchSize.*not 0/],
    [{ accumBatchSize: 30, microBatchSize: 8 }, RangeError, /accumBatchSize \(30\).*multiple of microBatchSize \(8\)/],
    [{ accumBatchSize: 4, microBatchSize: 8 }, RangeError, /accumBatchSize \(4\).*smaller than microBatchSize \(8\)/],
    [{ logAccumBatch: 1 }, TypeError, /logAccumBatch.*not 1/],
    [{ lastWindow: 'keep' }, TypeError, /lastWindow.*not "keep"/],
    [{ normalize: 'mean' }, TypeError, /normalize.*not "mean"/],
    [{ normalize: 'target', lastWindow: 'flush' }, TypeError, /normalize 'target'/],
    [{ accumBatchsize: 32 }, TypeError, /unknown option accumBatchsize \(32\)/],
    [null, TypeError, /options must be an object, not null/],
  ])('refuses %j by name and value', (options, type, message) => {
    const make = () => gradientAccumulation(options as object);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe('gradientAccumulationSchedule', () => {
  it.each<[ScheduleBound, ScheduleBound, number, number]>([
    [0, 0.3, 0, 0.3],
    ['10%', '30%', 0.1, 0.3],
    [{ epoch: 1 }, 3, 0.2, 0.6],
    [2, { epoch: 5 }, 0.4, 1],
    [{ microStep: 10 }, { microStep: 50 }, 0.1, 0.5],
    [{ fraction: 0.25 }, '100%', 0.25, 1],
  ])('reads start %j and finish %j as fractions of all micro-batches', (start, finish, from, to) => {
    const policy = gradientAccumulationSchedule({ ...sizes, start, finish });
    expect(createAccumulator(policy, plan).run.policy).toMatchObject({ start: from, finish: to });
  });

  it.each([
    [{ finish: 1 }, RangeError, /finish: 1 could be an epoch or 100 %/],
    [{ start: 1, finish: 3 }, RangeError, /start: 1 could be/],
    [{ finish: 1.5 }, RangeError, /finish.*not 1.5/],
    [{ finish: -0.1 }, RangeError, /finish.*not -0.1/],
    [{ finish: Number.NaN }, RangeError, /finish.*not NaN/],
    [{ finish: '120%' }, RangeError, /finish.*"120%"/],
    [{ finish: 'half' }, TypeError, /finish.*"half"/],
    [{ finish: null }, TypeError, /finish.*null/],
    [{ finish: { epoch: 1, microStep: 2 } }, TypeError, /finish/],
    [{ finish: { microStep: 1.5 } }, RangeError, /finish.*microStep/],
    [{ start: 0.5, finish: 0.5 }, RangeError, /start \(0.5\).*before finish \(0.5\)/],
    [{ start: 0.5, finish: 0.2 }, RangeError, /start \(0.5\)/],
    [{ startAccumBatchSize: 0 }, RangeError, /startAccumBatchSize.*not 0/],
    [{ finalAccumBatchSize: 2.5 }, RangeError, /finalAccumBatchSize.*not 2.5/],
    [{ startAccumBatchSize: undefined }, TypeError, /startAccumBatchSize.*not undefined/],
    [{ schedule: 'cos' }, TypeError, /schedule.*"cos"/],
    [{ startAccumBatchSize: 12, microBatchSize: 8 }, RangeError, /startAccumBatchSize \(12\).*multiple/],
    [{ finalAccumBatchSize: 4, microBatchSize: 8 }, RangeError, /finalAccumBatchSize \(4\).*smaller/],
  ])('refuses %j by name and value', (options, type, message) => {
    const make = () => gradientAccumulationSchedule({ ...sizes, ...(options as object) });
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  it.each<[object, TrainingPlan, RegExp]>([
    [{}, { microBatchSize: 8 }, /microBatchesPerEpoch is undefined/],
    [{}, { microBatchSize: 8, microBatchesPerEpoch: 20 }, /epochs is undefined/],
    [{ finish: 6 }, plan, /finish: epoch 6 lies outside training, which has 5/],
    [{ finish: { microStep: 101 } }, plan, /finish: microStep 101.*100/],
    [{ start: { epoch: 2 }, finish: 0.4 }, plan, /start \(0.4 of training\)/],
    [{ schedule: () => Number.NaN }, plan, /schedule.*NaN/],
    [
      {
        schedule: function shrink() {
          return 3;
        },
      },
      plan,
      /schedule shrink gave 3/,
    ],
  ])('refuses %j where the plan %j is known', (options, given, message) => {
    const policy = gradientAccumulationSchedule({ ...sizes, ...options });
    expect(() => createAccumulator(policy, given)).toThrow(message);
  });

  it('takes an annealer whose rounding ends below its final size', () => {
    const policy = gradientAccumulationSchedule({
      startAccumBatchSize: 49,
      finalAccumBatchSize: 1,
      schedule: schedExp,
    });
    expect(() => createAccumulator(policy, { ...plan, microBatchSize: 1 })).not.toThrow();
  });

  it('has its final size from finish itself on, where the sum of the steps to there is less than 1 by rounding', () => {
    const policy = gradientAccumulationSchedule({ ...sizes, finish: { epoch: 1 }, schedule: schedLin });
    const accumulator = createAccumulator(policy, { microBatchSize: 8, microBatchesPerEpoch: 10, epochs: 2 });
    accumulator.start();
    for (let at = 0; at < 10; at += 1) {
      if (accumulator.next({ loss: 1, samples: 64 }).window === 'full') accumulator.applied();
    }
    expect(accumulator.next({ loss: 1, samples: 8 }).target).toBe(64);
  });

  it('floors the final size to whole micro-batches', () => {
    const policy = gradientAccumulationSchedule({ startAccumBatchSize: 8, finalAccumBatchSize: 60, finish: 0.1 });
    const accumulator = createAccumulator(policy, plan);
    accumulator.start();
    let last = 0;
    for (let at = 0; at < 100; at += 1) {
      const { target, window } = accumulator.next({ loss: 1, samples: 8 });
      if (window === 'full') accumulator.applied();
      last = target;
    }
    expect(last).toBe(56);
  });
});

describe('the plan', () => {
  it('takes the micro-batch size from the policy where it has none', () => {
    expect(resolvePlan(gradientAccumulation({ microBatchSize: 8 }), {}).microBatchSize).toBe(8);
  });

  it.each<[TrainingPlan, RegExp]>([
    [{}, /microBatchSize is unknown/],
    [{ microBatchSize: 12 }, /accumBatchSize \(32\) must be a multiple of microBatchSize \(12\)/],
    [{ microBatchSize: 64 }, /accumBatchSize \(32\).*smaller than microBatchSize \(64\)/],
    [{ microBatchSize: 8, epochs: 0 }, /epochs.*not 0/],
    [{ microBatchSize: 8, microBatchesPerEpoch: 1.5 }, /microBatchesPerEpoch.*not 1.5/],
  ])('refuses %j', (given, message) => {
    expect(() => resolvePlan(gradientAccumulation(), given)).toThrow(message);
  });

  it('refuses a policy of another micro-batch size', () => {
    const policy = gradientAccumulation({ microBatchSize: 16 });
    expect(() => resolvePlan(policy, { microBatchSize: 8 })).toThrow(/8 in the plan and 16 in the policy/);
  });
});

describe('annealers', () => {
  it.each([schedCos, schedLin, schedExp, schedPoly(3)])('%o goes from start to end', (anneal) => {
    expect(anneal(8, 64, 0)).toBeCloseTo(8, 12);
    expect(anneal(8, 64, 1)).toBeCloseTo(64, 12);
    expect(anneal(64, 8, 0.5)).toBeLessThan(64);
  });

  it('schedNo stays, schedPoly refuses a power that is not positive', () => {
    expect(schedNo(8, 64, 1)).toBe(8);
    expect(() => schedPoly(0)).toThrow(/power.*not 0/);
  });
});
