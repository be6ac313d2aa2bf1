import * as tf from '@tensorflow/tfjs';
import { readValues } from '../read-values.js';

/** What fit tells its callbacks: a number, or a tensor that is fit's own. */
export type LoggedScalar = number | tf.Tensor;

/** Reads scalars, and leaves them as they are. A promise only on backends that would stall, unless it has to be `now`. */
export function readLogged(scalars: readonly LoggedScalar[], now: boolean): number[] | Promise<number[]> {
  const tensors = tensorsOf(scalars);
  const numbers = (values: readonly ArrayLike<number>[]) => {
    let at = 0;
    return scalars.map((scalar) => (typeof scalar === 'number' ? scalar : values[at++]![0]!));
  };
  const values = now ? tensors.map((tensor) => tensor.dataSync()) : readValues(tensors);
  return values instanceof Promise ? values.then(numbers) : numbers(values);
}

/** The same scalar in a tensor of the caller's own. */
export function holdLogged(scalar: LoggedScalar): LoggedScalar {
  return typeof scalar === 'number' ? scalar : tf.keep(scalar.clone());
}

export function disposeLogged(scalars: readonly LoggedScalar[]): void {
  tf.dispose(tensorsOf(scalars));
}

function tensorsOf(scalars: readonly LoggedScalar[]): tf.Tensor[] {
  return scalars.filter((scalar) => typeof scalar !== 'number');
}
