import * as tf from '@tensorflow/tfjs';

/** Backends whose `dataSync` copies from memory; others would stall a queue on the GPU. */
const SYNCHRONOUS = ['cpu', 'wasm', 'tensorflow'];

/** What the wasm backend has and tfjs does not declare. */
interface WasmBackend {
  readonly dataIdMap?: {
    get(dataId: object): { readonly dtype: tf.DataType } | undefined;
    has(dataId: object): boolean;
  };
  typedArrayFromHeap?(tensor: tf.TensorInfo): tf.TypedArray;
}

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

/**
 * A numeric tensor's values where the backend itself keeps them, undefined where a backend would have to copy them. They
 * are the backend's: not to be written to, nor to be looked at after another operation, which may move wasm's memory.
 */
export function valuesInPlace(tensor: tf.Tensor): tf.TypedArray | undefined {
  if (tf.getBackend() === 'cpu') return tensor.dataSync() as tf.TypedArray;
  if (tf.getBackend() !== 'wasm') return undefined;
  const backend = tf.backend() as WasmBackend;
  // A tensor can still lie on the backend that was in use when it was made.
  if (!backend.dataIdMap?.has(tensor.dataId)) return undefined;
  // The cpu backend casts integers to float32 by name alone, and they move to wasm as they are.
  return backend.dataIdMap.get(tensor.dataId)?.dtype === tensor.dtype
    ? backend.typedArrayFromHeap?.(tensor)
    : undefined;
}
