/**
 * Copies plain data and freezes it; binary values are copied but can't be frozen. A `Date` becomes its ISO string, a
 * `BigInt` a number or, beyond 2^53, a string; `undefined` is left out, in an array it is null. Throws a `TypeError` that names the place of
 * anything else.
 */
export function frozenCopy<T>(value: T, place: string): T {
  return copy(value, place, []) as T;
}

function copy(value: unknown, place: string, parents: readonly unknown[]): unknown {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'object':
      break;
    default:
      throw new TypeError(`${place} is a ${typeof value}: only plain data can be logged`);
  }
  if (value === null) return null;
  if (parents.includes(value))
    throw new TypeError(`${place} refers back to what holds it: only plain data can be logged`);
  const chain = [...parents, value];
  if (Array.isArray(value)) {
    // Array.from visits holes; JSON has null for what is undefined.
    return Object.freeze(Array.from(value, (item, at) => copy(item, `${place}[${at}]`, chain) ?? null));
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  // Not slice(): of a Buffer it is a view.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Float64Array) return new Float64Array(value);
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return copy([...value], place, parents);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Float64Array.from(value as unknown as ArrayLike<number>);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError(`${place} is a ${value.constructor?.name ?? 'class instance'}: only plain data can be logged`);
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.freeze(Object.fromEntries(entries.map(([key, item]) => [key, copy(item, `${place}.${key}`, chain)])));
}
