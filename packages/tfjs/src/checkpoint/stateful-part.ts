import * as tf from '@tensorflow/tfjs';
import { readingStalls } from '../read-values.js';
import type { SavedTensor } from './checkpoint-content.js';
import { CheckpointError } from './checkpoint-error.js';

const TYPES = { float32: Float32Array, int32: Int32Array };

/** What something must remember to go on: plain data, NaN and ±Infinity among its numbers, and tensors by name. */
export interface SavedState {
  readonly data?: unknown;
  /** They stay their owner's; they are read before `save` may be called again. */
  readonly tensors?: Readonly<Record<string, tf.Tensor>>;
}

/** The same, as it comes back. The tensors are new, and the taker's to dispose. */
export interface RestoredState {
  readonly data: unknown;
  readonly tensors: Readonly<Record<string, tf.Tensor>>;
}

/** A part of a training that remembers something from one micro-batch to another, and is saved in each checkpoint. */
export interface StatefulPart {
  /** What the checkpoint calls it: no two parts of a training have one name. */
  readonly name: string;
  /** Called between two micro-batches. */
  save(): SavedState;
  /**
   * Looks whether what was saved fits, and throws a `CheckpointError` where it does not. What it returns takes it over, and
   * is called before training begins, when all parts have looked.
   */
  restore(saved: SavedPart): () => void;
}

/** What a checkpoint holds of one part. */
export interface SavedPart {
  readonly data: unknown;
  readonly tensors: readonly SavedTensor[];
}

/** A tensor of what was saved. */
export function tensorOf({ bytes, shape, dtype }: SavedTensor): tf.Tensor {
  // A copy: the view may begin anywhere, and would keep the whole checkpoint in memory. (A Buffer's slice() copies nothing.)
  const { buffer } = new Uint8Array(bytes);
  const values = dtype === 'bool' ? new Uint8Array(buffer) : new TYPES[dtype](buffer);
  return tf.tensor(values, [...shape], dtype);
}

/** Reads tensors into memory of their own; a promise only on backends that would stall. Throws a `CheckpointError`. */
export function readTensors(
  tensors: readonly { readonly part: string; readonly name: string; readonly tensor: tf.Tensor }[],
): SavedTensor[] | Promise<SavedTensor[]> {
  const saved = (values: readonly ArrayBufferView[]) =>
    tensors.map(({ part, name, tensor: { dtype, shape } }, at): SavedTensor => {
      if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
        throw new CheckpointError('write-failed', `${part}/${name} is of type ${dtype}, which no checkpoint holds`);
      }
      const { buffer, byteOffset, byteLength } = values[at]!;
      return { part, name, dtype, shape, bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) };
    });
  // The cpu backend gives its own array, which the user may have made the tensor of.
  if (tf.getBackend() === 'cpu') return saved(tensors.map(({ tensor }) => tensor.dataSync().slice()));
  if (!readingStalls()) return saved(tensors.map(({ tensor }) => tensor.dataSync()));
  return Promise.all(tensors.map(({ tensor }) => tensor.data())).then(saved);
}
