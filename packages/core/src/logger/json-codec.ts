import { fromBase64, toBase64 } from './base64.js';

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const DOLLAR = '$'.charCodeAt(0);

/**
 * Turns plain data into data that survives JSON unchanged; where nothing has to change, returns `value` itself.
 *
 * JSON has no form for some values. They become objects with one key, a tag that starts with a single `$`:
 * - `NaN`, `Infinity`, `-Infinity` and `-0`: `{"$number":"NaN"}` and so on
 * - a `Uint8Array`: `{"$bytes":"AAEC"}`, in base64
 * - a `Float64Array`: `{"$float64":[0.5,{"$number":"NaN"}]}`
 *
 * A key of the data that starts with `$` gets one more: `{"$number":1}` becomes `{"$$number":1}`.
 * Properties that are `undefined` are left out, as JSON does. Throws a `TypeError` for anything else that is not
 * plain data (a `Map`, a function, another typed array). Cycles are not detected.
 */
export function encodeJson(value: unknown): JsonValue {
  return survivesJson(value) ? (value as JsonValue) : encode(value, '');
}

/** Undoes `encodeJson` on what `JSON.parse` returned, without changing it. Throws a `SyntaxError` for a tag that it does not know. */
export function decodeJson(value: unknown): unknown {
  if (survivesJson(value)) return value;
  if (Array.isArray(value)) return value.map(decodeJson);
  const entries = Object.entries(value as object);
  const tag = entries.find(([key]) => key.startsWith('$') && !key.startsWith('$$'));
  if (tag !== undefined) return decodeTagged(tag[0], tag[1], entries.length);
  return Object.fromEntries(entries.map(([key, item]) => [key.startsWith('$') ? key.slice(1) : key, decodeJson(item)]));
}

// Nearly every event does: the look costs a sixth of JSON.stringify, a copy would cost as much again.
function survivesJson(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return isJsonNumber(value);
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'object':
      return value === null || (Array.isArray(value) ? value.every(isJsonItem) : isJsonObject(value));
    default:
      return false;
  }
}

// JSON.stringify writes -0 as 0.
function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
}

function isJsonItem(item: unknown): boolean {
  return item !== undefined && survivesJson(item);
}

function isJsonObject(object: object): boolean {
  if (!isPlainObject(object)) return false;
  for (const key in object) {
    const item = (object as Record<string, unknown>)[key];
    // Numbers are most of an event, and a call for each is most of the cost.
    const survives = typeof item === 'number' ? isJsonNumber(item) : survivesJson(item);
    if (!survives || key.charCodeAt(0) === DOLLAR) return false;
  }
  return true;
}

// Also an object of another realm (an iframe, a test runner's context), whose Object.prototype is not this one.
function isPlainObject(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function encode(value: unknown, key: string): JsonValue {
  switch (typeof value) {
    case 'number':
      return isJsonNumber(value) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return Array.from(value, (item) => encode(item, key));
      if (ArrayBuffer.isView(value)) return encodeBinary(value, key);
      if (isPlainObject(value)) return encodeObject(value);
      throw noForm(key, Object.prototype.toString.call(value).slice(8, -1));
    default:
      throw noForm(key, typeof value);
  }
}

function encodeObject(object: object): JsonValue {
  const present = Object.entries(object).filter(([, item]) => item !== undefined);
  return Object.fromEntries(present.map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, encode(item, key)]));
}

function encodeBinary(view: ArrayBufferView, key: string): JsonValue {
  // By name, not by instanceof: the array may come from another realm.
  const type = (view as Uint8Array)[Symbol.toStringTag] as string;
  if (type === 'Uint8Array') return { $bytes: toBase64(view as Uint8Array) };
  if (type === 'Float64Array') return { $float64: Array.from(view as Float64Array, (item) => encode(item, key)) };
  throw noForm(key, type);
}

function noForm(key: string, type: string): TypeError {
  return new TypeError(
    `${key === '' ? 'the value' : JSON.stringify(key)} holds a value of type ${type}: no form in JSON`,
  );
}

const TAGGED_NUMBERS = ['NaN', 'Infinity', '-Infinity', '-0'];

function decodeTagged(tag: string, content: unknown, keys: number): unknown {
  if (keys === 1) {
    if (tag === '$number' && TAGGED_NUMBERS.includes(content as string)) return Number(content);
    if (tag === '$bytes' && typeof content === 'string') return fromBase64(content);
    if (tag === '$float64' && Array.isArray(content)) return Float64Array.from(content, toNumber);
  }
  throw new SyntaxError(`${tag} is not a tag that this version knows, or holds what it must not`);
}

function toNumber(item: unknown): number {
  const number = decodeJson(item);
  if (typeof number !== 'number') throw new SyntaxError(`$float64 holds ${JSON.stringify(item)}, not a number`);
  return number;
}
