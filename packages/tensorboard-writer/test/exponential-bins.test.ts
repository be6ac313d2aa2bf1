import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponentialBins } from '../src/exponential-bins.js';

/** The edges above 0 as torch/utils/tensorboard/writer.py makes them. */
const magnitudes: number[] = [];
for (let edge = 1e-12; edge < 1e20; edge *= 1.1) magnitudes.push(edge);
const edges = [...magnitudes.map((edge) => -edge).reverse(), 0, ...magnitudes];
const last = edges.length - 1;

/** The bin `[edges[i], edges[i + 1])` of a value, the last one closed, as numpy.histogram finds it; -1 and `last` beyond. */
function binOf(value: number): number {
  if (value === edges[last]) return last - 1;
  return edges.findLastIndex((edge) => edge <= value);
}

const nearEdge = fc
  .record({ edge: fc.constantFrom(...edges), nudge: fc.constantFrom(-1, 0, 1) })
  .map(({ edge, nudge }) => edge * (1 + nudge * 2 ** -52));
const ordinary = fc.double({ min: -1e3, max: 1e3, noNaN: true });
const anySize = fc.double({ noNaN: true, noDefaultInfinity: true });

test('there are 1,549 edges', () => {
  expect(edges.length).toBe(1549);
});

test('each value is counted in the bin between whose edges it lies', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(nearEdge, ordinary, anySize), { minLength: 1, maxLength: 30 }), (values) => {
      const { limits, counts } = exponentialBins(Float64Array.from(values));
      const expected = new Map<number, number>();
      for (const bin of values.map(binOf)) {
        const limit = bin === last ? Number.MAX_VALUE : edges[bin + 1]!;
        expected.set(limit, (expected.get(limit) ?? 0) + 1);
      }
      const counted = [...limits].map((limit, i) => [limit, counts[i]] as const).filter(([, count]) => count !== 0);
      expect(new Map(counted)).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test('an empty bin stands before the first that holds a value, and the last holds one', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(ordinary, anySize), { minLength: 1, maxLength: 30 }), (values) => {
      const { limits, counts, min, max, num } = exponentialBins(Float64Array.from(values));
      expect(limits.length).toBe(counts.length);
      expect(counts[0]).toBe(0);
      expect(counts[1]).toBeGreaterThan(0);
      expect(counts.at(-1)).toBeGreaterThan(0);
      expect(limits[0]).toBeLessThanOrEqual(min);
      expect(limits.at(-1)).toBeGreaterThanOrEqual(max);
      expect(counts.reduce((sum, count) => sum + count)).toBe(num);
    }),
  );
});

test('what lies beyond the edges is counted beyond them', () => {
  const { limits, counts } = exponentialBins(Float64Array.of(-1e300, 1e300, 1e300));
  expect([limits[0], limits[1], limits.at(-2), limits.at(-1)]).toEqual([
    -Number.MAX_VALUE,
    edges[0],
    edges[last],
    Number.MAX_VALUE,
  ]);
  expect([counts[0], counts[1], counts.at(-2), counts.at(-1)]).toEqual([0, 1, 0, 2]);
});
