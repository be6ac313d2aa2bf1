/** A decoded tensor, row by row (the last dimension runs fastest); `data` has as many elements as `shape` says. */
export type TensorValue =
  | Tensor<'float32' | 'float16' | 'bfloat16', Float32Array>
  | Tensor<'float64', Float64Array>
  | Tensor<'int8', Int8Array>
  | Tensor<'int16', Int16Array>
  | Tensor<'int32', Int32Array>
  | Tensor<'int64', BigInt64Array>
  /** Booleans are 0 or 1. */
  | Tensor<'uint8' | 'bool', Uint8Array>
  | Tensor<'uint16', Uint16Array>
  | Tensor<'uint32', Uint32Array>
  | Tensor<'uint64', BigUint64Array>
  | Tensor<'string', readonly Uint8Array[]>;

interface Tensor<Type extends string, Data> {
  readonly dtype: Type;
  readonly shape: readonly number[];
  readonly data: Data;
}
