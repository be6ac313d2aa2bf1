import type * as tf from '@tensorflow/tfjs';
import { show } from './option-checks.js';

/** What tfjs's own optimizers hold, but do not all declare. */
interface WithLearningRate {
  learningRate?: unknown;
  /** SGD's and momentum's: they also keep the rate as a tensor, which this replaces and disposes. */
  setLearningRate?: (rate: number) => void;
}

/** The optimizer's learning rate; undefined where it tells none. */
export function learningRateOf(optimizer: tf.Optimizer): number | undefined {
  const { learningRate } = optimizer as unknown as WithLearningRate;
  return typeof learningRate === 'number' ? learningRate : undefined;
}

/** Refuses, with a `TypeError` that names the option, an optimizer whose learning rate is not where tfjs 4 keeps it. */
export function assertHasLearningRate(option: string, value: unknown, optimizer: tf.Optimizer): void {
  if (learningRateOf(optimizer) !== undefined) return;
  throw new TypeError(
    `${option} is ${show(value)}, but the optimizer (${optimizer.getClassName?.() ?? show(optimizer)}) has no number learningRate, as the optimizers of tfjs 4 have`,
  );
}

/** Gives any of tfjs's optimizers another learning rate, from its next step on. Throws an `Error` where it keeps its own. */
export function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  if (learningRateOf(optimizer) === rate) return;
  const target = optimizer as unknown as WithLearningRate;
  if (typeof target.setLearningRate === 'function') target.setLearningRate(rate);
  else target.learningRate = rate;
  if (learningRateOf(optimizer) === rate) return;
  throw new Error(`learningRate: the optimizer was given ${rate}, but its rate is ${show(target.learningRate)}`);
}
