import type { OrderedPoints } from './ordered-points.js';

/** Points to draw. A y that is not finite stands for a value that was logged so. */
export interface SampledPoints {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
  /** How many points lie in the range. */
  readonly total: number;
}

/** What a chart shows: x from `from` to `to`, on so many pixels. */
export interface SampleRange {
  readonly from: number;
  readonly to: number;
  readonly pixels: number;
}

const MOST_A_PIXEL = 5;

/**
 * The points that a chart of `pixels` columns needs to look as if all were drawn: of each column the first, the lowest, the
 * highest and the last (M4, Jugel et al. 2014), and one that is not finite where there is one. All of them where they are
 * few. One point beyond each side of the range lets lines leave the picture.
 */
export function samplePoints(points: OrderedPoints, { from, to, pixels }: SampleRange): SampledPoints {
  const first = search(points, (x) => x >= from);
  const behind = search(points, (x) => x > to);
  const start = Math.max(0, first - 1);
  const end = Math.min(points.length, behind + 1);
  const total = behind - first;
  if (end - start <= 2 * pixels) return { ...pick(points, range(start, end)), total };

  const left = points.x(first);
  const width = (points.x(Math.max(first, behind - 1)) - left) / pixels;
  const chosen = new Uint32Array((pixels + 1) * MOST_A_PIXEL + 2);
  let count = 0;
  if (start < first) chosen[count++] = start;
  for (let index = first; index < behind; ) {
    const pixel = Math.floor((points.x(index) - left) / width);
    // All at one x are in one column.
    const right = width > 0 ? left + (pixel + 1) * width : Number.POSITIVE_INFINITY;
    const next = endOfPixel(points, index, behind, right);
    count = pickPixel(points, index, next, chosen, count);
    index = next;
  }
  if (behind < end) chosen[count++] = behind;
  return { ...pick(points, chosen.subarray(0, count)), total };
}

function endOfPixel(points: OrderedPoints, from: number, end: number, right: number): number {
  let index = from + 1;
  while (index < end && points.x(index) < right) index++;
  return index;
}

/** Puts the points `[from, to)` that one column of pixels needs behind the `count` that are chosen, in order. */
function pickPixel(points: OrderedPoints, from: number, to: number, chosen: Uint32Array, count: number): number {
  let [low, high, odd] = [-1, -1, -1];
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = from; index < to; index++) {
    const y = points.y(index);
    if (!Number.isFinite(y)) {
      odd = index;
      continue;
    }
    if (y < lowest) {
      lowest = y;
      low = index;
    }
    if (y > highest) {
      highest = y;
      high = index;
    }
  }
  const begin = count;
  for (const index of [from, low, high, odd, to - 1].sort((a, b) => a - b)) {
    if (index >= 0 && (count === begin || chosen[count - 1] !== index)) chosen[count++] = index;
  }
  return count;
}

function pick(points: OrderedPoints, indices: Uint32Array): { readonly xs: Float64Array; readonly ys: Float64Array } {
  const xs = new Float64Array(indices.length);
  const ys = new Float64Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    xs[i] = points.x(indices[i]!);
    ys[i] = points.y(indices[i]!);
  }
  return { xs, ys };
}

function range(start: number, end: number): Uint32Array {
  return Uint32Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}

/** The first index whose x is so, where all later ones are too. */
function search(points: OrderedPoints, isBehind: (x: number) => boolean): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBehind(points.x(middle))) high = middle;
    else low = middle + 1;
  }
  return low;
}
