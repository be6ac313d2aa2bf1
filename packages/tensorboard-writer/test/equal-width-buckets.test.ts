import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalWidthBuckets } from '../src/equal-width-buckets.js';

const rowsOf = (values: readonly number[], buckets: number) => {
  const flat = equalWidthBuckets(Float64Array.from(values), buckets);
  return Array.from(
    { length: buckets },
    (_, row) => [...flat.subarray(3 * row, 3 * row + 3)] as [number, number, number],
  );
};
const values = fc.array(fc.double({ min: -8e307, max: 8e307, noNaN: true }), { minLength: 1, maxLength: 50 });
const buckets = fc.integer({ min: 1, max: 40 });

test('buckets touch, reach from the least to the greatest value, and count every value once', () => {
  fc.assert(
    fc.property(values, buckets, (values, buckets) => {
      const rows = rowsOf(values, buckets);
      // A zero's sign is of no account.
      expect(rows[0]![0] + 0).toBe(Math.min(...values) + 0);
      expect(rows.at(-1)![1] + 0).toBe(Math.max(...values) + 0);
      for (const [i, [left, right]] of rows.entries()) {
        expect(left).toBeLessThanOrEqual(right);
        if (i > 0) expect(left).toBe(rows[i - 1]![1]);
      }
      expect(rows.reduce((sum, [, , count]) => sum + count, 0)).toBe(values.length);
    }),
  );
});

test('a value lies in its bucket, to the last digits of the edges', () => {
  fc.assert(
    fc.property(values, fc.nat(), buckets, (values, at, buckets) => {
      const value = values[at % values.length]!;
      const [min, max] = [Math.min(...values), Math.max(...values)];
      const slack = Math.max(Math.abs(min), Math.abs(max)) * 2 ** -48;
      const without = rowsOf([min, max], buckets);
      const [left, right] = rowsOf([min, max, value], buckets).find(([, , count], i) => count > without[i]![2])!;
      expect(value).toBeGreaterThanOrEqual(left - slack);
      expect(value).toBeLessThanOrEqual(right + slack);
    }),
  );
});

test('edges do not descend where a bucket is narrower than the least number', () => {
  const edges = rowsOf([-2e-323, 0], 6).flatMap((row) => row.slice(0, 2));
  expect(edges).toEqual(edges.toSorted((a, b) => a - b));
});

test('numbers so near to each other that a bucket has no width are counted', () => {
  const rows = rowsOf([0, 5e-324], 30);
  expect(rows.reduce((sum, [, , count]) => sum + count, 0)).toBe(2);
});
