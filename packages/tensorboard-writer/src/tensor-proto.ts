import { bytesField, fieldParts, message, presentField, uintField } from './message.js';

/*
 * BYTES (tensorflow/core/framework/tensor.proto, tensor_shape.proto):
 *   TensorProto       08 dtype   12 tensor_shape   22 tensor_content   2a float_val   42 string_val …
 *   TensorShapeProto  12 Dim …
 *   Dim               08 size
 */
const DTYPES = { float: 1, double: 2, string: 7, int32: 3, uint8: 4 } as const;

/** A tensor of 32-bit floats, row by row. */
export function floatTensor(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  return contentTensor('float', shape, floatBytes(values));
}

/** A tensor of 32-bit floats in the form that PyTorch's writer chooses: `float_val` in place of `tensor_content`. */
export function floatValTensor(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  return message(uintField(1, DTYPES.float), presentField(2, tensorShape(shape)), bytesField(5, floatBytes(values)));
}

/** A tensor whose elements are already bytes, little-endian, row by row. */
export function contentTensor(dtype: keyof typeof DTYPES, shape: readonly number[], content: Uint8Array): Uint8Array {
  return message(...contentTensorParts(dtype, shape, content));
}

/** The fields of such a tensor, to be joined later: so that large contents are copied once. */
export function contentTensorParts(
  dtype: keyof typeof DTYPES,
  shape: readonly number[],
  content: Uint8Array,
): Uint8Array[] {
  const elements = content.length === 0 ? [] : fieldParts(4, [content]);
  return [uintField(1, DTYPES[dtype]), presentField(2, tensorShape(shape)), ...elements];
}

/** A tensor of byte strings. */
export function stringTensor(shape: readonly number[], strings: readonly Uint8Array[]): Uint8Array {
  const items = strings.map((bytes) => presentField(8, bytes));
  return message(uintField(1, DTYPES.string), presentField(2, tensorShape(shape)), ...items);
}

function floatBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < values.length; at += 1) view.setFloat32(4 * at, values[at]!, true);
  return bytes;
}

function tensorShape(shape: readonly number[]): Uint8Array {
  return message(...shape.map((size) => presentField(2, uintField(1, size))));
}
