import * as tf from '@tensorflow/tfjs';
import { show } from './option-checks.js';
import { showShape } from './tensors.js';
import type { NamedScalars } from './trainable.js';

/** What a function of metrics returned; nothing is none. Throws a `TypeError` that starts with `owner` for what is no scalar. */
export function namedScalars(owner: string, given: unknown): NamedScalars {
  if (given === undefined || given === null) return {};
  const isNamed = typeof given === 'object' && !Array.isArray(given);
  if (!isNamed || given instanceof tf.Tensor || given instanceof Promise) {
    const shown = given instanceof tf.Tensor ? 'a tensor' : given instanceof Promise ? 'a promise' : show(given);
    throw new TypeError(`${owner} must return scalar tensors by name, not ${shown}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!(value instanceof tf.Tensor))
      throw new TypeError(`${owner}: ${name} must be a scalar tensor, not ${show(value)}`);
    if (value.size === 1) continue;
    throw new TypeError(
      `${owner}: ${name} must be a scalar, not a tensor of shape ${showShape(value.shape)}: take its mean`,
    );
  }
  return given as NamedScalars;
}
