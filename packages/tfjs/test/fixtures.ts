import type { TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import type { TrainRun } from '../src/index.js';

/** A small classifier: 6 inputs, 5 hidden units, 3 classes; its weights depend on the seed alone. */
export function classifier(seed = 1): tf.Sequential {
  const init = (offset: number) => tf.initializers.glorotUniform({ seed: seed * 10 + offset });
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 5, activation: 'tanh', inputShape: [6], kernelInitializer: init(1) }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: init(2) }),
    ],
  });
}

/** Inputs and one-hot targets for `classifier`. */
export function classes(samples: number, seed = 1): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const xs = tf.randomNormal([samples, 6], 0, 1, 'float32', seed) as tf.Tensor2D;
  const labels = Array.from({ length: samples }, (_, index) => (index * 7 + seed) % 3);
  return { xs, ys: tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 3).toFloat()) as tf.Tensor2D };
}

/** Collects what a run emits from now on. */
export function collect(run: TrainRun): TrainEvent[] {
  const events: TrainEvent[] = [];
  run.events$.subscribe({ next: (event) => events.push(event), error: () => {} });
  return events;
}

/** The events of one type. */
export function ofType<T extends TrainEvent['type']>(
  events: readonly TrainEvent[],
  type: T,
): Extract<TrainEvent, { type: T }>[] {
  return events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
}

/** All weights of a model, flat. */
export function weightsOf(model: tf.LayersModel): number[] {
  return model.getWeights().flatMap((weight) => [...weight.dataSync()]);
}

/** |a - b| / |b|, Euclidean. */
export function relativeError(actual: readonly number[], expected: readonly number[]): number {
  const norm = (values: readonly number[]) => Math.hypot(...values);
  return norm(actual.map((value, index) => value - expected[index]!)) / norm(expected);
}

/** The largest difference of two lists. */
export function largestError(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values against ${expected.length}`);
  return Math.max(...actual.map((value, index) => Math.abs(value - expected[index]!)));
}
