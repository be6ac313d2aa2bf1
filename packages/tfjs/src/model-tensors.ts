import * as tf from '@tensorflow/tfjs';
import { showShape, type Tensors } from './tensors.js';

/** A shape whose first dimension is the samples; null for what may have any size. */
export type Shape = readonly (number | null)[];

/** The tensors of a batch in the model's order. Throws a `TypeError` that starts with `owner`. */
export function pick(owner: string, tensors: Tensors, names: readonly string[]): readonly tf.Tensor[] {
  if (!(tensors instanceof tf.Tensor) && !Array.isArray(tensors)) {
    const named = tensors as Readonly<Record<string, tf.Tensor>>;
    return names.map((name) => {
      const tensor = named[name];
      if (tensor === undefined) throw new TypeError(`${owner} lacks '${name}': the model takes ${names.join(', ')}`);
      return tensor;
    });
  }
  const list = tensors instanceof tf.Tensor ? [tensors] : (tensors as readonly tf.Tensor[]);
  if (list.length === names.length) return list;
  throw new TypeError(`${owner} must be ${names.length} tensors (${names.join(', ')}), not ${list.length}`);
}

/** Samples of rank 1 as `model.fit` reads them: a column. */
export function asColumn(tensor: tf.Tensor): tf.Tensor {
  return tensor.rank === 1 ? tf.expandDims(tensor, 1) : tensor;
}

/** Refuses a tensor that the model can't take, with a `RangeError` that starts with `owner`. */
export function assertShape(owner: string, tensor: tf.Tensor, expected: Shape): void {
  const shape = tensor.rank === 1 ? [tensor.shape[0]!, 1] : tensor.shape;
  const fits =
    shape.length === expected.length && shape.every((size, axis) => axis === 0 || (expected[axis] ?? size) === size);
  if (fits) return;
  throw new RangeError(`${owner} must have the shape ${showShape(expected)}, not ${showShape(tensor.shape)}`);
}

/** Refuses sample weights that are not one for each entry on the first axes of an output without its last one, likewise. */
export function assertWeightsFit(owner: string, weights: tf.Tensor, output: Shape): void {
  const expected = output.slice(0, -1);
  const fits =
    weights.rank <= expected.length &&
    weights.shape.every((size, axis) => axis === 0 || (expected[axis] ?? size) === size);
  if (fits) return;
  const shapes = expected.map((_, axis) => showShape(expected.slice(0, axis + 1))).join(' or ');
  throw new RangeError(`${owner} must have the shape ${shapes}, not ${showShape(weights.shape)}`);
}
