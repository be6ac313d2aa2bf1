import * as tf from '@tensorflow/tfjs';
import { assertNotNegative, show } from './option-checks.js';

/** What the samples of a class count for, by its index. */
export type ClassWeights = Readonly<Record<number, number>>;

/**
 * Gives each element of a target the weight of its class: of the index that it holds, or of the largest entry on its last
 * axis where that has several; a class that is not named counts for 1, as in Keras
 * (keras:keras/src/trainers/data_adapters/data_adapter_utils.py, `class_weight_to_sample_weights`).
 * Throws a `TypeError` or `RangeError` that names the class and the value.
 */
export function createClassWeights(
  classWeight: unknown,
  outputShape: readonly (number | null)[],
): (target: tf.Tensor) => tf.Tensor {
  assertClassWeights(classWeight, outputShape.at(-1) ?? undefined);
  const largest = Math.max(...Object.keys(classWeight).map(Number));
  // With a place before the first class and one behind the last, for all that is not named.
  const table = Float32Array.from({ length: largest + 3 }, (_, place) => classWeight[place - 1] ?? 1);
  return (target) => {
    const axis = target.rank - 1;
    const classes = target.shape[axis] === 1 ? tf.round(tf.squeeze(target, [axis])) : tf.argMax(target, axis);
    const places = tf.clipByValue(tf.add(tf.cast(classes, 'float32'), 1), 0, table.length - 1);
    return tf.gather(tf.tensor1d(table), tf.cast(places, 'int32'));
  };
}

function assertClassWeights(value: unknown, classes: number | undefined): asserts value is ClassWeights {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw new TypeError(`classWeight must be an object of weights by class, as { 0: 1, 1: 5 }, not ${show(value)}`);
  }
  for (const [name, weight] of Object.entries(value)) {
    if (!/^\d+$/.test(name)) throw new TypeError(`classWeight must be by index of the class, not by ${show(name)}`);
    if (classes !== undefined && classes > 1 && Number(name) >= classes) {
      throw new RangeError(`classWeight names the class ${name}, but the model's output has ${classes} classes`);
    }
    assertNotNegative(`classWeight[${name}]`, weight);
  }
}
