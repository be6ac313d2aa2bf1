import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockTable } from '../src/runs/clock-table.js';
import { type OrderedPoints, orderedPoints } from '../src/runs/ordered-points.js';
import { samplePoints } from '../src/runs/sample-points.js';
import { Series } from '../src/runs/series.js';
import { smoothPoints } from '../src/runs/smooth-points.js';

function pointsFrom(xs: readonly number[], ys: readonly number[]): OrderedPoints {
  return { length: xs.length, x: (index) => xs[index]!, y: (index) => ys[index]!, leftOut: 0 };
}

const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

describe('sampled points', () => {
  it('draw the same column of pixels as all points: its lowest, highest, first and last', () => {
    const series = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: -50, max: 50 })), {
      minLength: 50,
      maxLength: 900,
    });
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 20 }), (points, pixels) => {
        points.sort(([a], [b]) => a - b);
        const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
        const sampled = samplePoints(pointsFrom(xs, ys), { ...ALL, pixels });
        expect(sampled.total).toBe(points.length);
        const width = (xs.at(-1)! - xs[0]!) / pixels;
        const columns = (at: ArrayLike<number>, value: ArrayLike<number>) => {
          const found = new Map<number, { low: number; high: number; first: number; last: number }>();
          for (let i = 0; i < at.length; i++) {
            const column = width === 0 ? 0 : Math.floor((at[i]! - xs[0]!) / width);
            const y = value[i]!;
            const one = found.get(column) ?? { low: y, high: y, first: y, last: y };
            found.set(column, { ...one, low: Math.min(one.low, y), high: Math.max(one.high, y), last: y });
          }
          return found;
        };
        expect(columns(sampled.xs, sampled.ys)).toEqual(columns(xs, ys));
        expect(sampled.xs.length).toBeLessThanOrEqual(Math.max(2 * pixels, 5 * (pixels + 1) + 2));
      }),
    );
  });

  it('are all of them where they are few', () => {
    const { xs, ys, total } = samplePoints(pointsFrom([1, 2, 5], [3, Number.NaN, 4]), { ...ALL, pixels: 2 });
    expect([[...xs], [...ys], total]).toEqual([[1, 2, 5], [3, Number.NaN, 4], 3]);
    expect(samplePoints(pointsFrom([], []), { ...ALL, pixels: 2 }).total).toBe(0);
  });

  it('hold one point beyond each side of a range, so that lines leave it', () => {
    const xs = Array.from({ length: 1000 }, (_, i) => i);
    const sampled = samplePoints(pointsFrom(xs, xs), { from: 99.5, to: 499.5, pixels: 10 });
    expect([sampled.xs[0], sampled.xs.at(-1), sampled.total]).toEqual([99, 500, 400]);
  });

  it('keep a value that is not finite, wherever it hides', () => {
    const xs = Array.from({ length: 10_000 }, (_, i) => i);
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const ys = xs.map((x) => (x === 7321 ? odd : Math.sin(x)));
      const { ys: sampled } = samplePoints(pointsFrom(xs, ys), { ...ALL, pixels: 100 });
      expect(sampled.some((y) => Object.is(y, odd))).toBe(true);
      expect(Math.max(...[...sampled].filter(Number.isFinite))).toBe(Math.max(...ys.filter(Number.isFinite)));
    }
  });

  it('of points that all share one x are its lowest and highest', () => {
    const sampled = samplePoints(
      pointsFrom(
        new Array(100).fill(5),
        Array.from({ length: 100 }, (_, i) => (i * 37) % 100),
      ),
      {
        ...ALL,
        pixels: 3,
      },
    );
    expect([Math.min(...sampled.ys), Math.max(...sampled.ys)]).toEqual([0, 99]);
  });
});

describe('points in the order of a clock', () => {
  function seriesOf(rows: readonly (readonly [microStep: number, time: number, value: number])[]): Series {
    const clocks = new ClockTable(['microStep', 'time']);
    const series = new Series('loss', clocks);
    for (const [microStep, time, value] of rows) series.add(clocks.add(microStep, time), value);
    return series;
  }
  const listed = (points: OrderedPoints | undefined) =>
    points && Array.from({ length: points.length }, (_, i) => [points.x(i), points.y(i)]);

  it('are sorted where a clock went back, and leave out what lacks the clock', () => {
    const series = seriesOf([
      [1, 10, 1],
      [2, 30, 2],
      [Number.NaN, 20, 3],
      [4, 25, 4],
    ]);
    expect(listed(orderedPoints(series, 'time'))).toEqual([
      [10, 1],
      [20, 3],
      [25, 4],
      [30, 2],
    ]);
    const points = orderedPoints(series, 'microStep')!;
    expect([listed(points)!.map(([x]) => x), points.leftOut]).toEqual([[1, 2, 4], 1]);
    expect(orderedPoints(series, 'samples')).toBeUndefined();
  });

  it('are those of the series as it is now', () => {
    const series = seriesOf([
      [1, 10, 1],
      [2, 20, 2],
    ]);
    expect(orderedPoints(series, 'time')!.length).toBe(2);
    series.add(series.clocks.add(3, 15), 3);
    expect(listed(orderedPoints(series, 'time'))!.map(([x]) => x)).toEqual([10, 15, 20]);
    series.cut((row) => row > 0);
    series.add(series.clocks.add(4, 40), 4);
    expect(listed(orderedPoints(series, 'time'))).toEqual([
      [10, 1],
      [40, 4],
    ]);
  });
});

describe('smoothed points', () => {
  it("are TensorBoard's debiased exponential mean; what is not finite counts for nothing", () => {
    const ys = [1, Number.NaN, 3, -2, 8];
    const weight = 0.6;
    const smooth = smoothPoints(pointsFrom([1, 2, 3, 4, 5], ys), weight);
    // By its definition: weights that fall by `weight` with each finite value, summing to one.
    const expected = ys.map((y, index) => {
      if (Number.isNaN(y)) return y;
      const seen = ys
        .slice(0, index + 1)
        .filter(Number.isFinite)
        .reverse();
      const weights = seen.map((_, age) => weight ** age);
      const sum = weights.reduce((total, one) => total + one);
      return seen.reduce((total, value, age) => total + (value * weights[age]!) / sum, 0);
    });
    for (const [index, value] of expected.entries()) {
      if (Number.isNaN(value)) expect(smooth.y(index)).toBeNaN();
      else expect(smooth.y(index)).toBeCloseTo(value, 12);
    }
  });
});
