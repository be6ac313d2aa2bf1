import type * as tf from '@tensorflow/tfjs';

/** The optimizer's learning rate, which tfjs's own optimizers hold but do not declare; undefined where there is none. */
export function learningRateOf(optimizer: tf.Optimizer): number | undefined {
  const { learningRate } = optimizer as unknown as { learningRate?: unknown };
  return typeof learningRate === 'number' ? learningRate : undefined;
}
