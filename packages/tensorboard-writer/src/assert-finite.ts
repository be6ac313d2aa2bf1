/** Refuses NaN and ±Infinity among numbers, by a `RangeError` that names the first. */
export function assertFinite(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new RangeError(`${name}[${i}] must be finite, not ${values[i]}`);
  }
}
