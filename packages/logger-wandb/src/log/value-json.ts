/** A value as W&B holds it: JSON, with NaN, ±Infinity and whole numbers of any size. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

const MAX_DEPTH = 100;

/**
 * Turns what JavaScript has into what the Python client makes of the like: dates become ISO text, typed arrays and sets
 * lists, maps objects, functions their name, errors their text, and what has a `toJSON()` what that returns. Inside an
 * object `undefined` is left out.
 * Throws a `TypeError` that says why for a cycle, a symbol, an invalid date, `undefined` itself, too deep a nesting, or an
 * object of a class, as a promise, that shows nothing of itself.
 */
export function toJsonValue(value: unknown): JsonValue {
  return convert(value, []);
}

function convert(value: unknown, parents: readonly object[]): JsonValue {
  if (value === null) return null;
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'function':
      return value.name || 'anonymous function';
    case 'object':
      return convertObject(value, parents);
    default:
      throw new TypeError(`a value of type ${typeof value} can't be logged`);
  }
}

function convertObject(value: object, parents: readonly object[]): JsonValue {
  if (parents.includes(value)) throw new TypeError('an object that holds itself has no JSON form');
  if (parents.length === MAX_DEPTH) throw new TypeError(`objects nested deeper than ${MAX_DEPTH} can't be logged`);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError('an invalid date has no text');
    return value.toISOString();
  }
  const chain = [...parents, value];
  if (isOpaque(value)) return convert(contentOf(value), chain);
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : convert(item, chain)));
  if (value instanceof Set || isTypedArray(value))
    return Array.from(value as Iterable<unknown>, (item) => convert(item, chain));
  const entries =
    value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value);
  const result: Record<string, JsonValue> = Object.create(null);
  for (const [key, item] of entries) if (item !== undefined) result[key] = convert(item, chain);
  return result;
}

/** Whether an object is more than its fields: it says itself what it is, or holds that where no field shows it. */
export function isOpaque(value: object): boolean {
  if (Array.isArray(value) || isTypedArray(value) || value instanceof Map || value instanceof Set) return false;
  if ('toJSON' in value && typeof value.toJSON === 'function') return true;
  const prototype: object | null = Object.getPrototypeOf(value);
  // Of any realm: what is plain has a prototype that has none.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return false;
  return value instanceof Error || isBoxed(value) || Object.keys(value).length === 0;
}

function contentOf(value: object): unknown {
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON();
  if (isBoxed(value)) return value.valueOf();
  if (value instanceof Error || value instanceof RegExp) return String(value);
  throw new TypeError(`an object of class ${value.constructor?.name || '(nameless)'} shows nothing that can be logged`);
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt;
}

/** Whether a value is one of the typed arrays. */
export function isTypedArray(value: unknown): value is ArrayLike<number | bigint> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** JSON text with bare `NaN`, `Infinity` and `-Infinity`, as Python's json module writes and reads it. */
export function valueJsonText(value: JsonValue): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0.0' : String(value);
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(valueJsonText).join(',')}]`;
      return `{${Object.entries(value)
        .map(([key, item]) => `${JSON.stringify(key)}:${valueJsonText(item)}`)
        .join(',')}}`;
  }
}

/** Hands `emit` each leaf of a value with its path; an object without fields has none, as in the Python client. */
export function forEachLeaf(
  key: string,
  value: JsonValue,
  emit: (path: readonly string[], leaf: JsonValue) => void,
  parents: readonly string[] = [],
): void {
  const path = [...parents, key];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    emit(path, value);
    return;
  }
  for (const [name, item] of Object.entries(value)) forEachLeaf(name, item, emit, path);
}

/** Reads JSON text with bare `NaN`, `Infinity` and `-Infinity`. Throws a `SyntaxError`. */
export function parseValueJson(text: string): unknown {
  if (!/NaN|Infinity/.test(text)) return JSON.parse(text);
  // JSON.parse takes 1e999 for Infinity but has nothing for NaN: a mark stands for it that no string of the text equals.
  const tokens = /"(?:[^"\\]|\\.)*"|NaN|Infinity/g;
  const strings = new Set(
    (text.match(tokens) ?? []).filter((token) => token[0] === '"').map((token) => JSON.parse(token)),
  );
  let mark = 'NaN';
  while (strings.has(mark)) mark += '_';
  const strict = text.replace(tokens, (token) => {
    if (token === 'NaN') return `"${mark}"`;
    return token === 'Infinity' ? '1e999' : token;
  });
  return JSON.parse(strict, (_key, value) => (value === mark ? Number.NaN : value));
}
