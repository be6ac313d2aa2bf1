import type { AccumulationPolicy, TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { type AccumulateGradientsOptions, accumulateGradients, type GradientAccumulation } from '../src/index.js';
import { classes } from './fixtures.js';

/** A data set that does not know its size. */
export function unsized(batches: number): tf.data.Dataset<tf.TensorContainer> {
  const { xs, ys } = classes(4);
  const generate = function* () {
    for (let batch = 0; batch < batches; batch++) yield { xs: xs.clone(), ys: ys.clone() };
  };
  return tf.data.generator(generate as unknown as () => Iterator<tf.TensorContainer>);
}

/** Compiles a model with an accumulating optimizer. */
export function compiled(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
  policy: AccumulationPolicy,
  { metrics, ...options }: AccumulateGradientsOptions & { metrics?: string[] } = {},
): GradientAccumulation {
  const accumulation = accumulateGradients(optimizer, policy, options);
  const measured = metrics === undefined ? {} : { metrics };
  model.compile({ optimizer: accumulation.optimizer, loss: 'categoricalCrossentropy', ...measured });
  return accumulation;
}

/** The events of the run under way or the next one, and whether its stream is complete. */
export function recordRun({ events$ }: GradientAccumulation): { events: TrainEvent[]; completed: boolean } {
  const run = { events: [] as TrainEvent[], completed: false };
  events$.subscribe({
    next: (event) => run.events.push(event),
    complete: () => {
      run.completed = true;
    },
  });
  return run;
}

/** Events without what differs between two runs of the same training. */
export function comparable(events: readonly TrainEvent[]): unknown[] {
  return events.map((event) => {
    const { time: _, ...rest } = event;
    if (rest.type !== 'run-start') return rest;
    const { id, name, startedAt, ...run } = rest.run;
    return { ...rest, run };
  });
}

/** What the fits of tests have in common: batches of 4, in their order. */
export const fitArgs = (more: tf.ModelFitArgs = {}): tf.ModelFitArgs => ({
  batchSize: 4,
  shuffle: false,
  verbose: 0,
  ...more,
});

export const typesOf = (events: readonly TrainEvent[]): string[] => events.map(({ type }) => type);
