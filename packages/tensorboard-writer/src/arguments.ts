import { inspect } from 'node:util';

/** Refuses what is not a string. */
export function assertString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${inspect(value)}`);
}

/** Refuses what is not a function. */
export function assertFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function, not ${inspect(value)}`);
}

/** Refuses a tag that is not a non-empty string. */
export function assertTag(name: string, tag: unknown): asserts tag is string {
  assertString(name, tag);
  if (tag === '') throw new TypeError(`${name} must not be empty, not ''`);
}

/** Refuses what is not a number. NaN and ±Infinity are numbers. */
export function assertNumber(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${inspect(value)}`);
}

/** Refuses what is none of the words that are known. */
export function assertOneOf<Word extends string>(
  name: string,
  value: unknown,
  known: readonly Word[],
): asserts value is Word {
  if (known.some((word) => word === value)) return;
  const words = known.map((word) => `'${word}'`);
  throw new TypeError(`${name} must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, not ${inspect(value)}`);
}

/** Refuses what is not an integer from `least` to `most`. */
export function assertInteger(name: string, value: unknown, least: number, most: number): asserts value is number {
  assertNumber(name, value);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, not ${value}`);
  }
}

/** Refuses NaN and ±Infinity among numbers, by a `RangeError` that names the first. */
export function assertFinite(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new RangeError(`${name}[${i}] must be finite, not ${values[i]}`);
  }
}

/** Refuses what is not an integer from 0 to 2^53 - 1. */
export function assertStep(name: string, step: unknown): asserts step is number {
  assertNumber(name, step);
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new RangeError(`${name} must be an integer from 0 to 2^53 - 1, not ${step}`);
  }
}

/** Refuses what is no object with named members. */
export function assertRecord(
  name: string,
  value: unknown,
  members: string,
): asserts value is Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) {
    throw new TypeError(`${name} must be an object of ${members}, not ${inspect(value)}`);
  }
}

/** Refuses what is no object of numbers, each under a name. */
export function assertNumbersByName(name: string, values: unknown): asserts values is Readonly<Record<string, number>> {
  assertRecord(name, values, 'numbers');
  for (const [key, value] of Object.entries(values)) {
    assertTag(`a key of ${name}`, key);
    assertNumber(`${name}[${JSON.stringify(key)}]`, value);
  }
}

/** Refuses what is no object of options, or has one that is not known. */
export function assertOptions<Options extends object>(
  options: Options,
  known: { readonly [Name in keyof Options]-?: true },
): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, not ${inspect(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(known, name)) continue;
    throw new TypeError(`options has no ${name} (${inspect(value)}): there are ${Object.keys(known).join(', ')}`);
  }
}

// A Map or a typed array would pass for an object without members, or with numbered ones.
function isPlainObject(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return !(value instanceof Map || value instanceof Set);
}

// The year 5138 in seconds: a larger number was meant as milliseconds.
const LATEST_WALL_TIME = 1e11;

/** Refuses what is not a time in seconds since 1970. TensorBoard's fast loader loses the rest of a file that holds a NaN time. */
export function assertWallTime(name: string, wallTime: unknown): asserts wallTime is number {
  assertNumber(name, wallTime);
  if (!(wallTime >= 0 && wallTime < LATEST_WALL_TIME)) {
    throw new RangeError(`${name} must be seconds since 1970, from 0 to 1e11, not ${wallTime}`);
  }
}

/** Refuses what is not the path of `what`. */
export function assertPath(name: string, path: unknown, what: string): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError(`${name} must be the path of ${what}, not ${inspect(path)}`);
  }
}
