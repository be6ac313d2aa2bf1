import { createAccumulator, gradientAccumulation } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import { started, train } from './accumulator-support.js';

describe('windowStart', () => {
  const policy = gradientAccumulation({ accumBatchSize: 24 });
  const plan = { microBatchSize: 8, microBatchesPerEpoch: 4, epochs: 2 };

  it('stays where the window began, across the end of an epoch too', () => {
    const accumulator = started(policy, plan);
    expect(accumulator.windowStart).toEqual({ step: 0, samples: 0, epoch: 0 });
    train(accumulator, [8, 8]);
    expect(accumulator.windowStart).toEqual({ step: 0, samples: 0, epoch: 0 });
    train(accumulator, [8]);
    expect(accumulator.windowStart).toEqual({ step: 1, samples: 24, epoch: 0.75 });
    train(accumulator, [8]);
    accumulator.endEpoch();
    train(accumulator, [8]);
    expect(accumulator.windowStart).toEqual({ step: 1, samples: 24, epoch: 0.75 });
    train(accumulator, [8]);
    expect(accumulator.windowStart).toEqual({ step: 2, samples: 48, epoch: 1.5 });
  });

  it('counts the samples of a window that was given up', () => {
    const accumulator = started(policy, plan);
    train(accumulator, [8]);
    accumulator.discard('test');
    expect(accumulator.windowStart).toEqual({ step: 0, samples: 8, epoch: 0.25 });
  });

  it('is in the next epoch where one is closed before its last micro-batch', () => {
    const dropping = gradientAccumulation({ accumBatchSize: 24, lastWindow: 'drop' });
    const accumulator = started(dropping, plan);
    train(accumulator, [8, 8, 8]);
    expect(accumulator.windowStart.epoch).toBe(0.75);
    accumulator.closeEpoch();
    expect(accumulator.windowStart).toEqual({ step: 1, samples: 24, epoch: 1 });
    train(accumulator, [8]);
    expect(accumulator.windowStart.epoch).toBe(1);
  });

  it('is kept by a snapshot', () => {
    const accumulator = started(policy, plan);
    train(accumulator, [8, 8, 8, 8]);
    const resumed = createAccumulator(policy, plan, { snapshot: accumulator.snapshot() });
    resumed.start();
    expect(resumed.windowStart).toEqual({ step: 1, samples: 24, epoch: 0.75 });
  });
});
