import {
  type AccumulationPolicy,
  type Accumulator,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type TrainEvent,
  type TrainingPlan,
} from '@microbatch/core';
import fc from 'fast-check';

const finite = fc.double({ min: -10, max: 10, noNaN: true });
const mean = fc.oneof(
  { weight: 12, arbitrary: finite },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const metrics = fc.dictionary(fc.constantFrom('accuracy', 'f1', 'größe'), mean, { maxKeys: 3 });
const rate = fc.double({ min: 1e-4, max: 1, noNaN: true });

const microBatch = fc.record(
  {
    loss: mean,
    samples: fc.integer({ min: 1, max: 12 }),
    weight: fc.double({ min: 0.5, max: 4, noNaN: true }),
    skipped: fc.constantFrom(false, false, false, true),
    metrics,
    learningRate: rate,
    lastOfEpoch: fc.constantFrom(false, false, false, true),
  },
  { requiredKeys: ['loss', 'samples'] },
);
const applied = fc.record(
  { learningRate: rate, gradNorm: mean, clippedGradNorm: mean, gradientNoiseScale: mean },
  { requiredKeys: [] },
);
const outcome = fc.constantFrom('finished', 'failed', 'stopped');

const call = fc.oneof(
  { weight: 40, arbitrary: fc.record({ call: fc.constant('next' as const), result: microBatch }) },
  { weight: 20, arbitrary: fc.record({ call: fc.constant('applied' as const), info: applied }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('discard' as const) }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('closeEpoch' as const) }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('endEpoch' as const), valid: fc.option(metrics) }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('log' as const), value: finite }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('diagnose' as const) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('end' as const), outcome }) },
);

/** A call of an accumulator, and what the clock shows when it comes: later than before, or earlier. */
const randomCall = fc.record({ now: fc.integer({ min: 0, max: 1000 }), made: call });
export const randomCalls = fc.array(randomCall, { maxLength: 60, size: 'max' });

export type RandomCall = typeof randomCall extends fc.Arbitrary<infer T> ? T : never;

/** Makes the call; throws what it throws. */
export function perform(accumulator: Accumulator, { made }: RandomCall): readonly TrainEvent[] {
  switch (made.call) {
    case 'next':
      return accumulator.next(made.result).events;
    case 'applied':
      return accumulator.applied(made.info);
    case 'discard':
      return accumulator.discard('test');
    case 'closeEpoch':
      return accumulator.closeEpoch().events;
    case 'endEpoch':
      return accumulator.endEpoch(made.valid ?? undefined);
    case 'log':
      return accumulator.log({ value: made.value });
    case 'diagnose':
      return accumulator.diagnose({ level: 'info', code: 'test', message: 'told' });
    case 'end':
      return accumulator.end(made.outcome);
  }
}

/** Any policy that can be made, with a plan that counts or, where it may, does not. */
export const randomPolicy: fc.Arbitrary<{ policy: AccumulationPolicy; plan: TrainingPlan }> = fc
  .record({
    scheduled: fc.boolean(),
    counted: fc.boolean(),
    logAccumBatch: fc.boolean(),
    lastWindow: fc.constantFrom('carry', 'flush', 'drop'),
    normalize: fc.constantFrom('actual', 'target'),
  })
  .filter(({ lastWindow, normalize }) => lastWindow !== 'flush' || normalize === 'actual')
  .map(({ scheduled, counted, ...common }) => {
    const plan = { microBatchSize: 4, microBatchesPerEpoch: 7, epochs: 3 };
    const policy = scheduled
      ? gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 16, finish: 0.6, ...common })
      : gradientAccumulation({ accumBatchSize: 12, ...common });
    return { policy, plan: counted || scheduled ? plan : { microBatchSize: 4 } };
  });
