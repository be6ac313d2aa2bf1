import { gradientAccumulation, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import type { TrainOptions, TrainRun } from '../../src/index.js';
import { classes, classifier, ofType } from '../fixtures.js';

/** A checkpoint after each micro-batch. */
export const every = { microBatches: 1 };

/** 12 micro-batches in 2 epochs; windows of 12 samples, which epochs leave open. */
export function base(more: Partial<TrainOptions> = {}): TrainOptions & { model: tf.LayersModel } {
  const {
    model = classifier(),
    optimizer = tf.train.momentum(0.1, 0.9),
    data = { ...classes(22), batchSize: 4 },
  } = more;
  const accumulation = gradientAccumulation({ accumBatchSize: 12 });
  const options = { loss: 'categoricalCrossentropy', epochs: 2, accumulation, ...more, model, optimizer, data };
  return options as TrainOptions & { model: tf.LayersModel };
}

/** Stops a run at a micro-batch. */
export function stopAt(run: TrainRun, microStep: number): TrainRun {
  run.events$.subscribe({
    next(event) {
      if (event.type === 'micro-batch' && event.microStep === microStep) run.stop();
    },
    error() {},
  });
  return run;
}

/** The codes of what was told, in order. */
export const codes = (events: readonly TrainEvent[]) => ofType(events, 'diagnostic').map(({ code }) => code);
