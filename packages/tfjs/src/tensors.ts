import * as tf from '@tensorflow/tfjs';

/** One tensor, or several by position or name. All have the samples as their first dimension. */
export type Tensors = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** What in-memory data and data sets for a `tf.LayersModel` yield: inputs and targets of the same samples. */
export interface LabelledBatch {
  readonly xs: Tensors;
  readonly ys: Tensors;
  /**
   * What the samples count for, not negative: [samples], or [samples, time] where each timestep has a loss. A layers model
   * is trained on Σ weight·loss / Σ weight, and its metrics are weighted likewise; a custom model reads them itself.
   */
  readonly sampleWeights?: tf.Tensor;
}

/** The tensors of a structure, in its order. */
export function listTensors(tensors: Tensors): readonly tf.Tensor[] {
  if (tensors instanceof tf.Tensor) return [tensors];
  return Array.isArray(tensors) ? tensors : Object.values(tensors);
}

/** The same structure of other tensors. */
export function mapTensors(tensors: Tensors, map: (tensor: tf.Tensor) => tf.Tensor): Tensors {
  if (tensors instanceof tf.Tensor) return map(tensors);
  if (Array.isArray(tensors)) return tensors.map(map);
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor)]));
}

/** The first tensor anywhere in a value. */
export function firstTensor(value: unknown): tf.Tensor | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  if (value instanceof tf.Tensor) return value;
  for (const part of Object.values(value)) {
    const tensor = firstTensor(part);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}

/** Whether a value is a tensor, or holds tensors and nothing else. */
export function isTensors(value: unknown): value is Tensors {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof tf.Tensor) return true;
  const parts = Object.values(value);
  return parts.length > 0 && parts.every((part) => part instanceof tf.Tensor);
}

/** A shape as error messages show it. */
export function showShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? 'any').join(', ')}]`;
}
