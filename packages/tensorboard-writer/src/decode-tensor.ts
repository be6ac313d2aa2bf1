import { DT_STRING, NUMERIC_TYPES, type NumericData, type NumericType } from './tensor-elements.js';
import type { TensorValue } from './tensor-value.js';
import { WireReader } from './wire.js';

// A few bytes may stand for a tensor of any size: the last element stored counts for all that follow.
const MOST_FILLED_ELEMENTS = 2 ** 24;

/**
 * Decodes `bytes[start, end)`, a TensorProto; undefined where its type is not decoded (complex, quantized, resources),
 * or its elements don't fit its shape. Throws a `MalformedError`.
 *
 * FORMAT (tensorflow/core/framework/tensor.proto): 08 dtype   12 length shape   22 length content (little endian), or a
 * repeated field for the type: 5 float, 6 double, 7 int, 8 string, 10 int64, 11 bool, 13 half, 16 uint32, 17 uint64.
 */
export function decodeTensor(bytes: Buffer, start: number, end: number): TensorValue | undefined {
  const wire = new WireReader(bytes, start, end);
  let dtype = 0;
  let shape: number[] | undefined = [];
  let content: Uint8Array | undefined;
  const strings: Uint8Array[] = [];
  const numbers: (number | bigint)[] = [];
  while (wire.next()) {
    if (wire.is(1, 0)) dtype = wire.uint32();
    else if (wire.is(2, 2)) shape = decodeShape(bytes, wire.message(), wire.at);
    else if (wire.is(4, 2)) content = bytes.subarray(wire.message(), wire.at);
    else if (wire.is(8, 2)) strings.push(wire.copy());
    else if (wire.field === 5) wire.floats(numbers);
    else if (wire.field === 6) wire.doubles(numbers);
    else if (NUMBER_FIELDS.has(wire.field)) wire.int64s(numbers);
    else wire.skip();
  }
  if (shape === undefined) return undefined;
  const length = shape.reduce((product, size) => product * size, 1);
  if (dtype === DT_STRING) return strings.length === length ? { dtype: 'string', shape, data: strings } : undefined;
  const type = NUMERIC_TYPES.get(dtype);
  if (type === undefined) return undefined;
  const data = content === undefined ? fromFields(type, numbers, length) : fromContent(type, content, length);
  return data === undefined ? undefined : ({ dtype: type.dtype, shape, data } as TensorValue);
}

const NUMBER_FIELDS: ReadonlySet<number> = new Set([7, 10, 11, 13, 16, 17]);

/** TensorShapeProto { Dim dim = 2 { size = 1 }, unknown_rank = 3 } */
function decodeShape(bytes: Buffer, start: number, end: number): number[] | undefined {
  const wire = new WireReader(bytes, start, end);
  const shape: number[] = [];
  let known = true;
  while (wire.next()) {
    if (wire.is(3, 0)) known = wire.uint32() === 0;
    else if (wire.is(2, 2)) {
      const size = decodeDimension(bytes, wire.message(), wire.at);
      if (typeof size !== 'number' || size < 0) known = false;
      else shape.push(size);
    } else wire.skip();
  }
  return known ? shape : undefined;
}

function decodeDimension(bytes: Buffer, start: number, end: number): number | bigint {
  const wire = new WireReader(bytes, start, end);
  let size: number | bigint = 0;
  while (wire.next()) {
    if (wire.is(1, 0)) size = wire.int64();
    else wire.skip();
  }
  return size;
}

function fromContent(type: NumericType, content: Uint8Array, length: number): NumericData | undefined {
  if (content.length !== length * type.size) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const data = type.make(length);
  for (let i = 0; i < length; i++) data[i] = type.read(view, i * type.size);
  return data;
}

function fromFields(type: NumericType, values: (number | bigint)[], length: number): NumericData | undefined {
  if (values.length > length || (length > values.length && length > MOST_FILLED_ELEMENTS)) return undefined;
  const data = type.make(length);
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (const [i, value] of values.entries()) {
    const element = type.fromField?.(value) ?? value;
    data[i] = isBig ? BigInt(element) : Number(element);
  }
  if (values.length > 0) (data as Float64Array).fill(data[values.length - 1] as number, values.length);
  return data;
}
