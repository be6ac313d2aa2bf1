import { assertFinite } from './arguments.js';

/**
 * The rows `[left, right, count]` of buckets of equal width from the least to the greatest value, as float64 arithmetic
 * in tensorboard/plugins/histogram/summary_v2.py (`_buckets`) makes them: no values make rows of zeros, one value or
 * equal ones are counted in the last row. Throws a `RangeError` that names `values`.
 */
export function equalWidthBuckets(values: Float64Array, buckets: number): Float64Array {
  const rows = new Float64Array(3 * buckets);
  if (values.length === 0) return rows;
  let min = Infinity;
  let max = -Infinity;
  // NaN from the first value on that is not finite.
  let zero = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    zero += value * 0;
  }
  if (zero !== 0) assertFinite('values', values);
  const range = max - min;
  if (range === Infinity) {
    throw new RangeError(`values must span less than ${Number.MAX_VALUE}, not from ${min} to ${max}`);
  }
  const last = buckets - 1;
  if (range === 0) {
    for (let row = 0; row < buckets; row++) rows[3 * row] = rows[3 * row + 1] = max;
    rows[3 * last + 2] = values.length;
    return rows;
  }
  const width = range / buckets;
  for (let i = 0; i < values.length; i++) {
    const quotient = (values[i]! - min) / width;
    rows[3 * (quotient < last ? Math.trunc(quotient) : last) + 2]! += 1;
  }
  for (let row = 0; row < buckets; row++) {
    // A range of denormal size makes a width so coarse that edges would pass the last.
    rows[3 * row] = Math.min(min + width * row, max);
    rows[3 * row + 1] = row === last ? max : Math.min(min + width * (row + 1), max);
  }
  return rows;
}
