import type uPlot from 'uplot';
import type { Axis } from '../src/view/protocol.js';
import { cssColor } from './colors.js';
import { type Curve, spanOf } from './curves.js';
import { duration, short } from './format.js';

export interface Span {
  readonly min: number;
  readonly max: number;
}

const WHOLE = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 14 }, (_, power) => digit * 10 ** power))
  .sort((a, b) => a - b);
const SECONDS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 6, 12, 24, 48, 96, 240, 480, 960].map((hours) => hours * 3600),
];

/** The range of x that curves reach over; two ends that differ. */
export function xSpan(curves: readonly Curve[]): Span {
  const { min, max } = spanOf(curves.map(({ xs }) => xs)) ?? { min: 0, max: 1 };
  return min < max ? { min, max } : { min: min - 0.5, max: max + 0.5 };
}

/** The range of y that is to be seen between two x, with some room around it. */
export function ySpan(curves: readonly Curve[], x: Span, isLog: boolean): Span {
  const seen = curves.map((curve) => pointsWithin(curve, x).ys);
  const { min, max } = apart(spanOf(seen, isLog) ?? { min: isLog ? 0.1 : 0, max: 1 });
  if (isLog) {
    const room = min === max ? 2 : (max / min) ** 0.04;
    return { min: min / room, max: max * room };
  }
  const room = min === max ? Math.abs(min) * 0.1 || 1 : (max - min) * 0.06;
  return { min: min - room, max: max + room };
}

/** The points of a curve between two x, both included; lines also lead to one beyond each of them. */
export function pointsWithin({ xs, ys }: Curve, { min, max }: Span): Pick<Curve, 'xs' | 'ys'> {
  const [from, to] = [firstFrom(xs, min), firstFrom(xs, max, true)];
  return { xs: xs.subarray(from, to), ys: ys.subarray(from, to) };
}

/** Values that differ by what rounding does are one: a line, not a cliff. */
function apart({ min, max }: Span): Span {
  return max - min <= 1e-9 * Math.max(Math.abs(min), Math.abs(max)) ? { min, max: min } : { min, max };
}

function firstFrom(xs: Float64Array, x: number, isBehind = false): number {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBehind ? xs[middle]! > x : xs[middle]! >= x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The axes of a chart in the page's present colours. */
export function chartAxes(axis: Axis, isLog: boolean): uPlot.Axis[] {
  const look = {
    stroke: cssColor('--soft'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: cssColor('--grid'), width: 1 },
    ticks: { show: false },
    border: { show: true, stroke: cssColor('--line'), width: 1 },
  };
  const x: uPlot.Axis = { ...look, size: 22, gap: 4, space: 70, grid: { show: false } };
  if (axis === 'elapsed') {
    x.incrs = SECONDS;
    x.values = (_, splits) => splits.map((value) => (value < 1 && value > 0 ? `${short(value)} s` : duration(value)));
  } else if (axis !== 'time') {
    x.values = (_, splits) => splits.map(short);
    if (axis !== 'epoch') x.incrs = WHOLE;
  }
  const y: uPlot.Axis = { ...look, size: yAxisWidth, gap: 6, space: isLog ? 22 : 34 };
  y.values = (_, splits) => (isLog ? roundLabels(splits) : splits.map(short));
  return [x, y];
}

/** Of a log scale's many lines, the round ones have a label; all of them where none is. */
function roundLabels(splits: readonly (number | null)[]): string[] {
  // The library leaves out what would stand too close.
  const isRound = (value: number | null) => value !== null && /^[125](\.0*)?e/.test(value.toExponential(6));
  const all = !splits.some(isRound);
  return splits.map((value) => (value !== null && (all || isRound(value)) ? short(value) : ''));
}

/** As wide as the longest label needs. */
function yAxisWidth(_: uPlot, values: string[] | null): number {
  const longest = Math.max(3, ...(values ?? []).map((text) => text?.length ?? 0));
  return 14 + longest * 6.2;
}
