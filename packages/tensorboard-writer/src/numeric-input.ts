import { inspect } from 'node:util';

/** Plain numbers, or a typed array of them. */
export type NumericArray =
  | readonly number[]
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Numbers with a shape, row by row (the last dimension runs fastest). */
export interface DenseArray {
  /** Non-negative integers. */
  readonly shape: readonly number[];
  /** As many as the shape says. */
  readonly data: NumericArray;
  /** What a tensor says of its numbers, where it is known: truth values come as bytes too. */
  readonly dtype?: string;
}

/** A tensor of TensorFlow.js, or anything that can be read like one. */
export interface TensorLike {
  readonly shape: readonly number[];
  /** `'float32'`, `'int32'` or `'bool'`, where known. */
  readonly dtype?: string;
  data(): Promise<NumericArray>;
}

/** Whether a value has to be read asynchronously. */
function isTensorLike(value: unknown): value is TensorLike {
  return typeof value === 'object' && value !== null && typeof (value as TensorLike).data === 'function';
}

/** What methods take for numbers; tensors are read asynchronously. A flat array has one dimension. */
export type NumericInput = NumericArray | DenseArray | TensorLike;

/**
 * Hands numbers with their shapes to `use`: at once, or, where there is a tensor, when its promise has given them and
 * `before` has settled. An optional input that is `undefined` stays so. Throws or rejects with an error that names the
 * input: a `TypeError` or `RangeError` where data and shape don't fit.
 */
export function readInputs<const Name extends string, const Optional extends string = never>(
  inputs: Readonly<Record<Name, NumericInput>>,
  optional: Readonly<Record<Optional, NumericInput | undefined>>,
  use: (arrays: Readonly<Record<Name, DenseArray> & Record<Optional, DenseArray | undefined>>) => void,
  before?: Promise<void>,
): void | Promise<void> {
  const given = Object.entries<NumericInput | undefined>(optional).filter(([, input]) => input !== undefined);
  const named = [...Object.entries<NumericInput>(inputs), ...given] as [name: string, input: NumericInput][];
  const isAsync = named.some(([, input]) => isTensorLike(input));
  const reads = named.map(([name, input]) => {
    if (isTensorLike(input)) return readTensor(name, input);
    const array = toDense(name, input);
    // What the caller does to its array meanwhile must not show.
    return isAsync ? { ...array, data: array.data.slice() } : array;
  });
  const together = (arrays: readonly DenseArray[]) =>
    use(Object.fromEntries(named.map(([name], at) => [name, arrays[at]])) as Parameters<typeof use>[0]);
  if (isAsync) return Promise.all([Promise.all(reads), before]).then(([arrays]) => together(arrays));
  together(reads as DenseArray[]);
}

async function readTensor(name: string, tensor: TensorLike): Promise<DenseArray> {
  try {
    const { shape, dtype } = tensor;
    const data = await tensor.data();
    return toDense(name, dtype === undefined ? { shape, data } : { shape, data, dtype });
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) throw cause;
    throw new Error(`${name} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function toDense(name: string, input: NumericArray | DenseArray): DenseArray {
  return checkedDense(name, isNumericArray(input) ? { shape: [input.length], data: input } : input);
}

function checkedDense(name: string, input: DenseArray): DenseArray {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError(`${name} must be numbers, { shape, data } or a tensor, not ${inspect(input)}`);
  }
  const { shape, data, dtype } = input;
  assertShape(name, shape);
  if (!isNumericArray(data)) {
    throw new TypeError(`${name}.data must be an array or typed array of numbers, not ${inspect(data)}`);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size) {
    throw new RangeError(`${name} has ${data.length} numbers, but shape [${shape.join(', ')}] holds ${size}`);
  }
  if (Array.isArray(data)) {
    const wrong = data.findIndex((value) => typeof value !== 'number');
    if (wrong !== -1) throw new TypeError(`${name}[${wrong}] must be a number, not ${inspect(data[wrong])}`);
  }
  if (dtype !== undefined && typeof dtype !== 'string') {
    throw new TypeError(`${name}.dtype must be a string, not ${inspect(dtype)}`);
  }
  return dtype === undefined ? { shape, data } : { shape, data, dtype };
}

function assertShape(name: string, shape: unknown): void {
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new TypeError(`${name}.shape must be integers from 0, not ${inspect(shape)}`);
  }
}

function isNumericArray(value: unknown): value is NumericArray {
  if (Array.isArray(value)) return true;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return false;
  return !(value instanceof BigInt64Array || value instanceof BigUint64Array);
}
