import {
  type AccumulationPolicy,
  type Accumulator,
  createAccumulator,
  type TrainEvent,
  type TrainingPlan,
} from '@microbatch/core';

export const byEights = { microBatchSize: 8 };

export function types(events: readonly TrainEvent[]): string[] {
  return events.map(({ type }) => type);
}

/** Trains micro-batches of these sizes, stepping at each full window. */
export function train(accumulator: Accumulator, sizes: readonly number[], loss = 1): TrainEvent[] {
  return sizes.flatMap((samples) => {
    const { events, window } = accumulator.next({ loss, samples });
    return window === 'full' ? [...events, ...accumulator.applied()] : [...events];
  });
}

export function started(policy: AccumulationPolicy, plan: TrainingPlan = byEights): Accumulator {
  const accumulator = createAccumulator(policy, plan, { clock: () => 1000, newId: () => 'run1' });
  accumulator.start();
  return accumulator;
}
