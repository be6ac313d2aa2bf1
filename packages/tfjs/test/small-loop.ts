import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { type AccumulateGradientsOptions, accumulateGradients } from '../src/index.js';
import { recordRun } from './fit-fixtures.js';

/** Windows of two micro-batches of 4 samples. */
export const policy = gradientAccumulation({ accumBatchSize: 8, microBatchSize: 4 });

/** A loop over a variable whose loss has the gradient of a batch's mean. */
export function loop(options: AccumulateGradientsOptions = {}, given = policy) {
  const variable = tf.variable(tf.tensor1d([1, 2]));
  const accumulation = accumulateGradients(tf.train.sgd(1), given, options);
  const run = recordRun(accumulation);
  const minimize = (slope: number[]) =>
    accumulation.optimizer.minimize(() => tf.sum(tf.mul(variable, tf.tensor1d(slope))), false, [variable]);
  return { ...accumulation, variable, run, minimize, values: () => [...variable.dataSync()] };
}
