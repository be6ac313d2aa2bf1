import * as tf from '@tensorflow/tfjs';
import { readValues } from './read-values.js';
import type { NamedScalars } from './trainable.js';

/** What was read of a batch. */
export interface ReadScalars {
  readonly loss: number;
  readonly metrics: Record<string, number>;
  readonly weight: number;
}

/** Reads a batch's loss, metrics and weight as numbers and disposes them; a promise only on backends that would stall. */
export function readScalars(
  loss: tf.Tensor,
  metrics: NamedScalars,
  weight: number | tf.Tensor,
): ReadScalars | Promise<ReadScalars> {
  const names = Object.keys(metrics);
  const tensors = [loss, ...Object.values(metrics), ...(typeof weight === 'number' ? [] : [weight])];
  const result = (values: readonly ArrayLike<number>[]) => {
    tf.dispose(tensors);
    const [lossValue, ...others] = values.map((value) => value[0]!);
    return {
      loss: lossValue!,
      metrics: Object.fromEntries(names.map((name, index) => [name, others[index]!])),
      weight: typeof weight === 'number' ? weight : others.at(-1)!,
    };
  };
  const values = readValues(tensors);
  return values instanceof Promise ? values.then(result) : result(values);
}
