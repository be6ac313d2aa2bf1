import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { type NonFinite, type TrainOptions, train } from '../src/index.js';
import { collect } from './fixtures.js';
import { noteGradients } from './optimizers.js';

/** What spoils a micro-batch: its loss alone, the gradient of `a` or of `b` alone, or all of it. */
export type Spoilt = 'loss' | 'a' | 'b' | 'all';

export interface Batch {
  readonly xs: tf.Tensor;
  readonly spoilt?: Spoilt | undefined;
  readonly by?: number;
}

/** Adds 0 whose gradient, at one place, is `bad`. */
const poison = (bad: number) =>
  tf.customGrad((x) => ({
    value: tf.mul(tf.sum(x as tf.Tensor), 0),
    gradFunc: () =>
      tf
        .oneHot(tf.tensor1d([2], 'int32'), (x as tf.Tensor).size)
        .flatten()
        .mul(bad) as never,
  })) as unknown as (x: tf.Tensor) => tf.Tensor;

/** The mean over the batch of a loss that bends, by two variables. */
export function bentModel() {
  const variables = [0, 1].map((seed) => tf.variable(tf.randomUniform([5], -1, 1, 'float32', seed), true));
  const [a, b] = variables as [tf.Variable, tf.Variable];
  return {
    variables,
    names: variables.map(({ name }) => name),
    values: () => variables.flatMap((variable) => [...variable.dataSync()]),
    loss({ xs, spoilt, by = Number.NaN }: Batch): tf.Tensor {
      const outputs = tf.tanh(tf.mul(tf.add(xs, a), b));
      const loss = tf.mean(tf.sum(tf.square(tf.sub(outputs, 0.3)), 1));
      if (spoilt === 'loss') return tf.add(loss, by);
      if (spoilt === 'all') return tf.mul(loss, by);
      if (spoilt !== undefined) return tf.add(loss, poison(by)(spoilt === 'a' ? a : b));
      return loss;
    },
  };
}

export const rows = (samples: number, seed: number): tf.Tensor => tf.randomNormal([samples, 5], 0, 1, 'float32', seed);

/** Trains these batches as one window; undefined where it made no step. */
export async function windowOf(batches: readonly Batch[], nonFinite: NonFinite, given: Partial<TrainOptions> = {}) {
  const trained = bentModel();
  const optimizer = tf.train.sgd(0.1);
  const noted = noteGradients(optimizer);
  const samples = batches.reduce((sum, { xs }) => sum + xs.shape[0]!, 0);
  const before = tf.memory().numTensors;
  const run = train<Batch>({
    model: trained,
    optimizer,
    data: batches,
    samples: ({ xs }) => xs.shape[0]!,
    accumulation: gradientAccumulation({ accumBatchSize: samples, microBatchSize: 1 }),
    nonFinite,
    ...(given as object),
  });
  const events = collect(run);
  const error = await run.done.then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(tf.memory().numTensors).toBe(before);
  const values = trained.values();
  tf.dispose(trained.variables);
  return { noted, events, error, values, names: trained.names };
}

export const stepOf = (noted: Awaited<ReturnType<typeof windowOf>>['noted']) =>
  noted[0]!.flatMap(({ values }) => values);
export const disposeAll = (batches: readonly Batch[]) => tf.dispose(batches.map(({ xs }) => xs));
export const spoils: Spoilt[] = ['loss', 'a', 'b', 'all'];
