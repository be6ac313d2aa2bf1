import { createAccumulator, gradientAccumulation, type TrainEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { expect, it } from 'vitest';

it.each([true, false])(
  'a micro-batch that weighs nothing is in its lineage and in no mean (logAccumBatch %s)',
  (logAccumBatch) => {
    const policy = gradientAccumulation({ accumBatchSize: 24, logAccumBatch });
    const accumulator = createAccumulator(policy, { microBatchSize: 8, microBatchesPerEpoch: 3, epochs: 1 });
    const events: TrainEvent[] = [
      ...accumulator.start(),
      ...accumulator.next({ loss: 2, samples: 8, weight: 3, metrics: { accuracy: 0.5 } }).events,
      ...accumulator.next({ loss: 0, samples: 8, weight: 0, metrics: { accuracy: 0 } }).events,
      ...accumulator.next({ loss: 6, samples: 8, weight: 1, metrics: { accuracy: 0.9 } }).events,
      ...accumulator.applied(),
      ...accumulator.endEpoch(),
      ...accumulator.end(),
    ];
    checkGrammar(events);
    const find = <T extends TrainEvent['type']>(type: T) =>
      events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
    const [step] = find('accumulated-batch');
    expect(step).toMatchObject({ loss: 3, normalizer: 4, windowSamples: 24 });
    expect(step!.metrics.accuracy).toBeCloseTo(0.6, 12);
    expect(step!.microBatches.map(({ weight, loss }) => [weight, loss])).toEqual([
      [3, 2],
      [0, 0],
      [1, 6],
    ]);
    // By samples, of the two that weigh anything.
    expect(find('epoch-end')[0]!.train).toEqual({ loss: 4, accuracy: 0.7 });
    const smooth = find('micro-batch').map(({ smoothLoss }) => smoothLoss);
    if (logAccumBatch) expect(smooth).toEqual([undefined, undefined, undefined]);
    else {
      expect(smooth[1]).toBe(smooth[0]);
      expect(smooth[2]).toBeGreaterThan(4);
    }
  },
);
