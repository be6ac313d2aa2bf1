import * as tf from '@tensorflow/tfjs';
import { show } from '../option-checks.js';

/** Where an optimizer keeps what it remembers. */
export interface OptimizerFields {
  /** Plain values: what it was made with, and what may be set while it works. */
  readonly plain: readonly string[];
  /** A tensor each. */
  readonly tensors: readonly string[];
  /** A variable each, assigned in place. */
  readonly variables: readonly string[];
  /** Arrays by the position of a trained variable; empty before the first step. */
  readonly slots: readonly string[];
}

/** What one position of a slot array holds. */
export interface Slot {
  readonly originalName: string;
  readonly variable: tf.Variable;
}

/**
 * As `@tensorflow/tfjs-core` 4.22 has them (dist/optimizers). Their own `getWeights` and `setWeights` lose bits: Adam's
 * powers of β are computed anew, by `pow`; and Adamax has neither.
 */
const FIELDS: Readonly<Record<string, OptimizerFields>> = {
  SGD: { plain: ['learningRate'], tensors: ['c'], variables: [], slots: [] },
  Momentum: {
    plain: ['learningRate', 'momentum', 'useNesterov'],
    tensors: ['c', 'm'],
    variables: [],
    slots: ['accumulations'],
  },
  Adagrad: {
    plain: ['learningRate', 'initialAccumulatorValue'],
    tensors: [],
    variables: [],
    slots: ['accumulatedGrads'],
  },
  Adadelta: {
    plain: ['learningRate', 'rho', 'epsilon'],
    tensors: [],
    variables: [],
    slots: ['accumulatedGrads', 'accumulatedUpdates'],
  },
  Adam: {
    plain: ['learningRate', 'beta1', 'beta2', 'epsilon'],
    tensors: [],
    variables: ['accBeta1', 'accBeta2'],
    slots: ['accumulatedFirstMoment', 'accumulatedSecondMoment'],
  },
  Adamax: {
    plain: ['learningRate', 'beta1', 'beta2', 'epsilon', 'decay'],
    tensors: [],
    variables: ['iteration', 'accBeta1'],
    slots: ['accumulatedFirstMoment', 'accumulatedWeightedInfNorm'],
  },
  RMSProp: {
    plain: ['learningRate', 'decay', 'momentum', 'epsilon', 'centered'],
    tensors: [],
    variables: [],
    slots: ['accumulatedMeanSquares', 'accumulatedMoments', 'accumulatedMeanGrads'],
  },
};

/** Made by `Optimizer` itself when it first counts a step. */
export const ITERATIONS = 'iterations_';

/**
 * The fields of an optimizer of tfjs's own. Throws a `TypeError` for another class, and where the class has other fields,
 * as it may in another version of tfjs: what is not known can't be saved.
 */
export function fieldsOf(optimizer: tf.Optimizer): { readonly className: string; readonly fields: OptimizerFields } {
  const className = optimizer.getClassName();
  const fields = Object.hasOwn(FIELDS, className) ? FIELDS[className] : undefined;
  // A class that is derived from tfjs's own has its name, too, but as a property of its parent.
  if (fields === undefined || !Object.hasOwn(optimizer.constructor, 'className')) {
    throw new TypeError(
      `checkpoints: optimizer is ${show(className)} (${optimizer.constructor.name}), and only ${Object.keys(FIELDS).join(', ')} ` +
        'of TensorFlow.js can be saved: give it the methods saveCheckpoint() and restoreCheckpoint()',
    );
  }
  const expected = [...fields.plain, ...fields.tensors, ...fields.variables, ...fields.slots];
  const found = Object.keys(optimizer).filter((key) => key !== ITERATIONS);
  const missing = expected.filter((key) => !found.includes(key));
  const unknown = found.filter((key) => !expected.includes(key));
  if (missing.length + unknown.length === 0) return { className, fields };
  const differences = [
    ...(unknown.length === 0 ? [] : [`has ${unknown.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
  ];
  throw new TypeError(
    `checkpoints: optimizer ${className} ${differences.join(' and ')}, other than in TensorFlow.js 4.22, so that its state ` +
      `is not known (this is tfjs-core ${tf.version_core}): give it the methods saveCheckpoint() and restoreCheckpoint()`,
  );
}
