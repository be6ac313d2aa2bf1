import {
  type AccumulationPolicy,
  createAccumulator,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type LastWindow,
  type MicroBatchResult,
  type Normalize,
  type TrainEvent,
} from '@microbatch/core';
import fc from 'fast-check';

const number = fc.double();
// Sums of larger ones overflow, and where they do is nobody's contract.
const mean = fc.oneof(
  { weight: 12, arbitrary: fc.double({ min: -1e100, max: 1e100, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const share = fc.double({ min: 0.1, max: 4, noNaN: true });
const metricNames = fc.constantFrom('accuracy', 'größe 1', 'a.b/c', 'f1');
const metrics = fc.dictionary(metricNames, mean, { maxKeys: 2 });
const logKeys = fc.constantFrom('score', 'train/loss', 'valid/accuracy', 'epoch', 'trainer/step', 'a.b', 'ü', '_step');
const logValues = fc.dictionary(logKeys, fc.oneof(number, fc.string()), { maxKeys: 3 });

const microBatch = fc.record(
  {
    loss: mean,
    samples: fc.integer({ min: 1, max: 12 }),
    weight: share,
    metrics,
    learningRate: share,
    lastOfEpoch: fc.constantFrom(false, false, false, true),
  },
  { requiredKeys: ['loss', 'samples'] },
);
const applied = fc.record(
  { gradNorm: number, clippedGradNorm: number, gradientNoiseScale: number },
  { requiredKeys: [] },
);

const action = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('micro-batch' as const), batch: microBatch, info: applied }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('log' as const), values: logValues }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('overflow' as const), batch: microBatch }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('epoch-end' as const), valid: fc.option(metrics) }) },
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

export interface RandomRun {
  readonly scheduled: boolean;
  readonly lastWindow: LastWindow;
  readonly normalize: Normalize;
  readonly actions: readonly Action[];
  readonly outcome: 'finished' | 'failed' | 'stopped';
}

/** Any run: windows that overshoot, carried, flushed, dropped or given up, values that are not finite, logs anywhere. */
export const randomRun: fc.Arbitrary<RandomRun> = fc
  .record({
    scheduled: fc.boolean(),
    lastWindow: fc.constantFrom('carry', 'flush', 'drop'),
    normalize: fc.constantFrom('actual', 'target'),
    actions: fc.array(action, { maxLength: 50 }),
    outcome: fc.constantFrom('finished', 'failed', 'stopped'),
  })
  .filter(({ lastWindow, normalize }) => lastWindow !== 'flush' || normalize === 'actual');

/** The events of a run, as the accumulator makes them. */
export function eventsOf(run: RandomRun, logAccumBatch: boolean): TrainEvent[] {
  const { scheduled, lastWindow, normalize, actions, outcome } = run;
  const common = { logAccumBatch, lastWindow, normalize };
  const policy: AccumulationPolicy = scheduled
    ? gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 24, ...common })
    : gradientAccumulation({ accumBatchSize: 12, ...common });
  const plan = { microBatchSize: 4, microBatchesPerEpoch: 9, epochs: 4 };
  const accumulator = createAccumulator(policy, scheduled ? plan : { microBatchSize: 4 });
  const events = [...accumulator.start()];
  for (const step of actions) {
    if (step.type === 'log') {
      events.push(...accumulator.log(step.values));
    } else if (step.type === 'epoch-end') {
      const { events: closing, window } = accumulator.closeEpoch();
      events.push(...closing, ...(window === 'full' ? accumulator.applied() : []));
      events.push(...accumulator.endEpoch(step.valid ?? undefined));
    } else {
      const { events: micros, window } = accumulator.next(weighed(step.batch, normalize));
      events.push(...micros);
      if (step.type === 'overflow') events.push(...accumulator.discard('overflow'));
      else if (window === 'full') events.push(...accumulator.applied(step.info));
    }
  }
  return [...events, ...accumulator.end(outcome)];
}

// What is divided by its target in samples has no other weights.
function weighed(batch: MicroBatchResult, normalize: Normalize): MicroBatchResult {
  if (normalize === 'actual') return batch;
  const { weight: _unused, ...rest } = batch;
  return rest;
}
