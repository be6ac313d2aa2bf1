import * as tf from '@tensorflow/tfjs';
import { readValues } from './read-values.js';
import type { NamedScalars } from './trainable.js';

/** Reads a loss and metrics as numbers and disposes them; a promise only on backends that would stall. */
export function readScalars(
  loss: tf.Tensor,
  metrics: NamedScalars,
): { loss: number; metrics: Record<string, number> } | Promise<{ loss: number; metrics: Record<string, number> }> {
  const names = Object.keys(metrics);
  const tensors = [loss, ...Object.values(metrics)];
  const result = (values: readonly ArrayLike<number>[]) => {
    tf.dispose(tensors);
    const [lossValue, ...others] = values.map((value) => value[0]!);
    return { loss: lossValue!, metrics: Object.fromEntries(names.map((name, index) => [name, others[index]!])) };
  };
  const values = readValues(tensors);
  return values instanceof Promise ? values.then(result) : result(values);
}
