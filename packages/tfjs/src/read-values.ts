import * as tf from '@tensorflow/tfjs';

/** Backends whose `dataSync` copies from memory; others would stall a queue on the GPU. */
const SYNCHRONOUS = ['cpu', 'wasm', 'tensorflow'];

/** Whether reading a tensor waits until the device has done all that was asked of it. */
export function readingStalls(): boolean {
  return !SYNCHRONOUS.includes(tf.getBackend());
}

/** The values of tensors, which perhaps still belong to the backend; a promise only on backends that would stall. */
export function readValues(
  tensors: readonly tf.Tensor[],
): readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]> {
  if (!readingStalls()) return tensors.map((tensor) => tensor.dataSync());
  return Promise.all(tensors.map((tensor) => tensor.data()));
}
