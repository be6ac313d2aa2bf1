import * as tf from '@tensorflow/tfjs';
import type { NamedScalars } from './trainable.js';

/** Backends whose `dataSync` copies from memory; others would stall a queue on the GPU. */
const SYNCHRONOUS = ['cpu', 'wasm', 'tensorflow'];

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
  if (SYNCHRONOUS.includes(tf.getBackend())) return result(tensors.map((tensor) => tensor.dataSync()));
  return Promise.all(tensors.map((tensor) => tensor.data())).then(result);
}
