import { sameValue } from './same-value.js';

/** Throws an `Error` with `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws an `Error` that shows both values unless they are equal all the way down. */
export function checkSame(actual: unknown, expected: unknown, what: string, tolerance = 0): void {
  check(sameValue(actual, expected, tolerance), `${what}: ${show(actual)}, not ${show(expected)}`);
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Error) return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? String(value);
  const text = Object.entries(value).map(([key, item]) => `${key}: ${show(item)}`);
  return `{ ${text.join(', ')} }`;
}
