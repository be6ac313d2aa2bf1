import * as tf from '@tensorflow/tfjs';
import { readingStalls, readValues } from './read-values.js';

/**
 * Reads a few small tensors and disposes them; a promise of their values only on backends that would stall, which then
 * read them all at once.
 */
export function readTogether(
  tensors: readonly tf.Tensor[],
): readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]> {
  return readingStalls() ? readAtOnce(tensors) : readNow(tensors);
}

/** The same where nobody can wait: at once, even where that stalls the device. */
export function readNow(tensors: readonly tf.Tensor[]): readonly ArrayLike<number>[] {
  try {
    return tensors.map((tensor) => tensor.dataSync());
  } finally {
    tf.dispose(tensors as tf.Tensor[]);
  }
}

async function readAtOnce(tensors: readonly tf.Tensor[]): Promise<readonly ArrayLike<number>[]> {
  // What a device can't put together without a loss is read one by one.
  const alike = tensors.length > 1 && tensors.every(({ dtype }) => dtype === 'float32');
  const read = alike ? [tf.tidy(() => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1]))))] : tensors;
  const sizes = tensors.map(({ size }) => size);
  try {
    const values = await readValues(read);
    return alike ? split(values[0] as Float32Array, sizes) : values;
  } finally {
    tf.dispose([...tensors, ...read]);
  }
}

function split(values: Float32Array, sizes: readonly number[]): Float32Array[] {
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return values.subarray(end - size, end);
  });
}
