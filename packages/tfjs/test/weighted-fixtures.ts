import { type AccumulationPolicy, gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import type { LabelledBatch, TrainOptions } from '../src/index.js';

/** A window of so many samples. */
export const oneWindow = (samples: number): AccumulationPolicy => gradientAccumulation({ accumBatchSize: samples });

/** A prediction that is its input, times a variable that is 1: the loss of a sample can be chosen. */
function identity(): tf.Sequential {
  const layers = [tf.layers.dense({ units: 1, inputShape: [1], useBias: false, kernelInitializer: 'ones' })];
  return tf.sequential({ layers });
}

/** Samples whose mean absolute errors are these. */
export function errors(...values: number[]): LabelledBatch {
  return { xs: tf.tensor1d(values), ys: tf.zeros([values.length]) };
}

/** What trains on such samples, a step for 4 of them; the rate is 0. */
export const options = (): TrainOptions => ({
  model: identity(),
  optimizer: tf.train.sgd(0),
  loss: 'meanAbsoluteError',
  data: [errors(1)],
  accumulation: oneWindow(4),
});
