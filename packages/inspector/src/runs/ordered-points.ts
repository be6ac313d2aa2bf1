import type { Clock } from './clock-table.js';
import type { Series } from './series.js';

/** The points of a series on one clock, x never falling. What it holds must not be written to. */
export interface OrderedPoints {
  readonly length: number;
  x(index: number): number;
  y(index: number): number;
  /** Points without this clock, which are left out. */
  readonly leftOut: number;
}

interface Order {
  /** How much of the series was looked at, and what it was then. */
  checked: number;
  cuts: number;
  last: number;
  /** Which points, where not all of them in their order. */
  indices: Uint32Array | undefined;
}

const orders = new WeakMap<Series, Map<Clock, Order>>();

/** A series on a clock; undefined where its source does not know the clock. Costs what came since the last call. */
export function orderedPoints(series: Series, clock: Clock): OrderedPoints | undefined {
  const column = series.clocks.columns[clock];
  if (column === undefined) return undefined;
  const { indices } = orderOf(series, clock, column.values);
  const xs = column.values;
  const rows = series.rows.values;
  const ys = series.values.values;
  if (indices === undefined) {
    return { length: series.length, x: (index) => xs[rows[index]!]!, y: (index) => ys[index]!, leftOut: 0 };
  }
  return {
    length: indices.length,
    x: (index) => xs[rows[indices[index]!]!]!,
    y: (index) => ys[indices[index]!]!,
    leftOut: series.length - indices.length,
  };
}

function orderOf(series: Series, clock: Clock, xs: Float64Array): Order {
  let byClock = orders.get(series);
  if (byClock === undefined) {
    byClock = new Map();
    orders.set(series, byClock);
  }
  let order = byClock.get(clock);
  if (order === undefined || order.cuts !== series.cuts) {
    order = { checked: 0, cuts: series.cuts, last: Number.NEGATIVE_INFINITY, indices: undefined };
    byClock.set(clock, order);
  }
  if (order.checked === series.length) return order;
  const rows = series.rows.values;
  if (order.indices === undefined) {
    while (order.checked < series.length && xs[rows[order.checked]!]! >= order.last) {
      order.last = xs[rows[order.checked]!]!;
      order.checked++;
    }
    if (order.checked === series.length) return order;
  }
  // Clocks that were set back, and rows that lack one: rare, and sorted anew whenever points come.
  const known: number[] = [];
  for (let index = 0; index < series.length; index++) if (!Number.isNaN(xs[rows[index]!]!)) known.push(index);
  order.indices = Uint32Array.from(known.sort((a, b) => xs[rows[a]!]! - xs[rows[b]!]!));
  order.checked = series.length;
  return order;
}
