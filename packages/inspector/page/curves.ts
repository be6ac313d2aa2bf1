import type { Axis, CurveAnswer, SeriesHead } from '../src/view/protocol.js';

/** A curve and its points, x never falling. */
export interface Curve extends CurveAnswer {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
}

/** What a chart draws, and on which axis. */
export interface Curves {
  readonly axis: Axis;
  readonly curves: readonly Curve[];
}

/** Reads a binary answer; `SeriesHead` describes its bytes. */
export function parseSeries(buffer: ArrayBuffer): Curves {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as SeriesHead;
  let at = 4 + length;
  const column = (count: number) => {
    const values = new Float64Array(buffer, at, count);
    at += 8 * count;
    return values;
  };
  const curves = head.curves.map((curve) => ({ ...curve, xs: column(curve.sent), ys: column(curve.sent) }));
  return { axis: head.axis, curves };
}

/** The index of the point whose x is nearest; -1 where there is none. */
export function nearestIndex(xs: ArrayLike<number>, x: number): number {
  if (xs.length === 0) return -1;
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && x - xs[low - 1]! <= xs[low]! - x ? low - 1 : low;
}

/** The span of finite values; with `isLog`, of those above zero. Undefined where there are none. */
export function spanOf(
  arrays: readonly ArrayLike<number>[],
  isLog = false,
): { readonly min: number; readonly max: number } | undefined {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min > max ? undefined : { min, max };
}
