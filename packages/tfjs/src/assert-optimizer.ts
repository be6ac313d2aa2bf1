import * as tf from '@tensorflow/tfjs';
import { isAccumulating } from './drop-in/accumulating-optimizer.js';
import { show } from './option-checks.js';

/** Refuses what is no optimizer, and one that accumulates by itself, with a `TypeError`. */
export function assertOptimizer(optimizer: unknown): asserts optimizer is tf.Optimizer {
  // `instanceof` asks tfjs, which looks at the methods, and throws on undefined.
  if (typeof optimizer !== 'object' || optimizer === null || !(optimizer instanceof tf.Optimizer)) {
    throw new TypeError(`optimizer must be a tf.Optimizer, not ${show(optimizer)}`);
  }
  if (isAccumulating(optimizer)) {
    throw new TypeError('optimizer accumulates already: give the one that accumulateGradients() was given');
  }
}
