/** Shows a value in an error message. */
export function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || value === undefined) return String(value);
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Refuses what is not a positive integer: `TypeError` for another type, `RangeError` for another number. */
export function assertPositiveInteger(option: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${option} must be a positive integer, not ${show(value)}`);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${option} must be a positive integer, not ${value}`);
  }
}

/** Refuses a value that is not one of `allowed`, with a `TypeError`. */
export function assertOneOf<T extends string>(
  option: string,
  value: unknown,
  allowed: readonly T[],
): asserts value is T {
  if (!allowed.includes(value as T)) {
    throw new TypeError(`${option} must be ${allowed.map((one) => `'${one}'`).join(' or ')}, not ${show(value)}`);
  }
}

/** Refuses what is not a boolean, with a `TypeError`. */
export function assertBoolean(option: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${option} must be true or false, not ${show(value)}`);
}

/** Refuses what is not an object of known options, with a `TypeError`: a misspelt option would silently be a default. */
export function assertOptions(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${owner}: the options must be an object, not ${show(options)}`);
  }
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) {
      const value = (options as Record<string, unknown>)[option];
      throw new TypeError(`${owner}: unknown option ${option} (${show(value)}); known: ${known.join(', ')}`);
    }
  }
}
