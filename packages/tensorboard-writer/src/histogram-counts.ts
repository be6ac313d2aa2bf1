import { inspect } from 'node:util';
import { assertFinite } from './arguments.js';
import type { HistogramBins } from './exponential-bins.js';

/** Counts between edges. */
export interface HistogramCounts {
  /** At least one; not negative. */
  readonly counts: ArrayLike<number>;
  /** One more than there are counts, not descending. */
  readonly edges: ArrayLike<number>;
}

/** Whether a value is meant as counts between edges. */
export function isHistogramCounts(values: unknown): values is HistogramCounts {
  return typeof values === 'object' && values !== null && 'counts' in values;
}

/** Refuses counts and edges that make no histogram, by a `TypeError` or `RangeError` that names them. */
export function assertHistogramCounts({ counts, edges }: HistogramCounts): void {
  assertNumbers('counts', counts);
  assertNumbers('edges', edges);
  if (counts.length === 0) throw new RangeError('counts must not be empty');
  if (edges.length !== counts.length + 1) {
    throw new RangeError(`edges must be ${counts.length + 1}, one more than the counts, not ${edges.length}`);
  }
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! < 0) throw new RangeError(`counts[${i}] must not be negative, not ${counts[i]}`);
    if (edges[i + 1]! < edges[i]!) {
      throw new RangeError(`edges[${i + 1}] must not be less than edges[${i}], ${edges[i]}, not ${edges[i + 1]}`);
    }
  }
}

/** Rows `[left, right, count]`. */
export function bucketsOfCounts({ counts, edges }: HistogramCounts): Float64Array {
  const rows = new Float64Array(3 * counts.length);
  for (let i = 0; i < counts.length; i++) {
    rows[3 * i] = edges[i]!;
    rows[3 * i + 1] = edges[i + 1]!;
    rows[3 * i + 2] = counts[i]!;
  }
  return rows;
}

/** The least and greatest value are taken for the edges of the bins that hold any, sums from the bins' middles. */
export function binsOfCounts({ counts, edges }: HistogramCounts): HistogramBins {
  let min = edges[0]!;
  let max = edges[edges.length - 1]!;
  let num = 0;
  let sum = 0;
  let sumSquares = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    if (num === 0) min = edges[i]!;
    max = edges[i + 1]!;
    const middle = edges[i]! / 2 + edges[i + 1]! / 2;
    num += count;
    sum += count * middle;
    sumSquares += count * middle * middle;
  }
  return {
    min,
    max,
    num,
    sum,
    sumSquares,
    limits: Float64Array.from(edges).subarray(1),
    counts: Float64Array.from(counts),
  };
}

function assertNumbers(name: string, values: unknown): void {
  if (!Array.isArray(values) && (!ArrayBuffer.isView(values) || values instanceof DataView)) {
    throw new TypeError(`${name} must be an array or typed array of numbers, not ${inspect(values)}`);
  }
  const numbers = values as ArrayLike<unknown>;
  for (let i = 0; i < numbers.length; i++) {
    if (typeof numbers[i] !== 'number')
      throw new TypeError(`${name}[${i}] must be a number, not ${inspect(numbers[i])}`);
  }
  assertFinite(name, numbers as ArrayLike<number>);
}
