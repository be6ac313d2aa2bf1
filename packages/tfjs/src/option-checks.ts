import type { AccumulationPolicy } from '@microbatch/core';

/** Shows a value in an error message. */
export function show(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).join(', ') || 'no keys'}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** The first three of a list, and how many more there are. */
export function abbreviate(items: readonly string[]): string {
  const rest = items.length > 3 ? ` and ${items.length - 3} more` : '';
  return `${items.slice(0, 3).join(', ')}${rest}`;
}

/** Refuses what is not a positive integer: `TypeError` for another type, `RangeError` for another number. */
export function assertPositiveInteger(option: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${option} must be a positive integer, not ${show(value)}`);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${option} must be a positive integer, not ${value}`);
  }
}

/** Refuses what is not a finite number of at least 0: `TypeError` for another type, `RangeError` for another number. */
export function assertNotNegative(option: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${option} must be a number, not ${show(value)}`);
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${option} must be finite and at least 0, not ${value}`);
  }
}

/** Refuses what is no 32-bit integer, with a `RangeError`. */
export function assertSeed(option: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && (value | 0) === value) return;
  throw new RangeError(`${option} must be a 32-bit integer, not ${show(value)}`);
}

/** Refuses what no factory of core's has made, with a `TypeError`. */
export function assertPolicy(option: string, policy: Partial<AccumulationPolicy> | null | undefined): void {
  if (policy?.kind === 'fixed' || policy?.kind === 'schedule') return;
  throw new TypeError(
    `${option} must be made by gradientAccumulation() or gradientAccumulationSchedule(), not ${show(policy)}`,
  );
}

/** Refuses what is neither absent nor of the type, with a `TypeError`. */
export function assertOptional(option: string, value: unknown, type: 'boolean' | 'function'): void {
  if (value !== undefined && typeof value !== type)
    throw new TypeError(`${option} must be a ${type}, not ${show(value)}`);
}

/** Refuses what is not an object of known options, with a `TypeError`: a misspelt option would silently be a default. */
export function assertKnownOptions(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${owner} must be an object, not ${show(options)}`);
  }
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    const value = (options as Record<string, unknown>)[option];
    throw new TypeError(`${owner}: unknown option ${option} (${show(value)}); known: ${known.join(', ')}`);
  }
}
