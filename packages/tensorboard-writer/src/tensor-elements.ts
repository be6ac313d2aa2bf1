import type { TensorValue } from './tensor-value.js';

/** How the elements of one data type are stored and held. */
export interface NumericType {
  readonly dtype: Exclude<TensorValue['dtype'], 'string'>;
  /** Bytes of an element in `tensor_content`. */
  readonly size: number;
  make(length: number): NumericData;
  /** An element of `tensor_content`. */
  read(view: DataView, at: number): number | bigint;
  /** An element of the repeated field, where that is not the number itself. */
  fromField?(value: number | bigint): number | bigint;
}

export type NumericData = Exclude<TensorValue['data'], readonly Uint8Array[]>;

export const DT_STRING = 7;

const float32s = (length: number) => new Float32Array(length);
const bytes = (length: number) => new Uint8Array(length);

/** The numeric types that are decoded, by their number in tensorflow/core/framework/types.proto. */
export const NUMERIC_TYPES: ReadonlyMap<number, NumericType> = new Map<number, NumericType>([
  [1, { dtype: 'float32', size: 4, make: float32s, read: (view, at) => view.getFloat32(at, true) }],
  [2, { dtype: 'float64', size: 8, make: (n) => new Float64Array(n), read: (view, at) => view.getFloat64(at, true) }],
  [3, { dtype: 'int32', size: 4, make: (n) => new Int32Array(n), read: (view, at) => view.getInt32(at, true) }],
  [4, { dtype: 'uint8', size: 1, make: bytes, read: (view, at) => view.getUint8(at) }],
  [5, { dtype: 'int16', size: 2, make: (n) => new Int16Array(n), read: (view, at) => view.getInt16(at, true) }],
  [6, { dtype: 'int8', size: 1, make: (n) => new Int8Array(n), read: (view, at) => view.getInt8(at) }],
  [9, { dtype: 'int64', size: 8, make: (n) => new BigInt64Array(n), read: (view, at) => view.getBigInt64(at, true) }],
  [10, { dtype: 'bool', size: 1, make: bytes, read: (view, at) => Number(view.getUint8(at) !== 0) }],
  [
    14,
    {
      dtype: 'bfloat16',
      size: 2,
      make: float32s,
      read: (view, at) => bfloat16(view.getUint16(at, true)),
      fromField: bfloat16,
    },
  ],
  [17, { dtype: 'uint16', size: 2, make: (n) => new Uint16Array(n), read: (view, at) => view.getUint16(at, true) }],
  [
    19,
    {
      dtype: 'float16',
      size: 2,
      make: float32s,
      read: (view, at) => float16(view.getUint16(at, true)),
      fromField: float16,
    },
  ],
  [22, { dtype: 'uint32', size: 4, make: (n) => new Uint32Array(n), read: (view, at) => view.getUint32(at, true) }],
  [
    23,
    { dtype: 'uint64', size: 8, make: (n) => new BigUint64Array(n), read: (view, at) => view.getBigUint64(at, true) },
  ],
]);

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a 32-bit float. */
function bfloat16(code: number | bigint): number {
  scratch.setUint16(0, Number(code));
  scratch.setUint16(2, 0);
  return scratch.getFloat32(0);
}

/** Sign 1, exponent 5, fraction 10 bits (IEEE 754 binary16). */
function float16(code: number | bigint): number {
  const bits = Number(code);
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
