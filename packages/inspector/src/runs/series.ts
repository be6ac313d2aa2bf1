import type { ClockTable } from './clock-table.js';
import { IndexColumn, NumberColumn } from './columns.js';

/** The scalars of one tag, each at a row of its source's clocks. */
export class Series {
  readonly tag: string;
  readonly clocks: ClockTable;
  readonly rows: IndexColumn = new IndexColumn();
  readonly values: NumberColumn = new NumberColumn();
  /** Counts up where points are taken away, so that what was computed of them is known to be stale. */
  cuts = 0;

  constructor(tag: string, clocks: ClockTable) {
    this.tag = tag;
    this.clocks = clocks;
  }

  get length(): number {
    return this.values.length;
  }

  add(row: number, value: number): void {
    this.rows.push(row);
    this.values.push(value);
  }

  /** Takes the last points away whose row is gone. */
  cut(isGone: (row: number) => boolean): void {
    let { length } = this;
    while (length > 0 && isGone(this.rows.values[length - 1]!)) length--;
    if (length === this.length) return;
    this.rows.length = length;
    this.values.length = length;
    this.cuts++;
  }
}

/** Series by tag, made when their first point comes. */
export class SeriesMap {
  readonly byTag: Map<string, Series> = new Map();
  readonly #clocks: ClockTable;

  constructor(clocks: ClockTable) {
    this.#clocks = clocks;
  }

  of(tag: string): Series {
    let series = this.byTag.get(tag);
    if (series === undefined) {
      series = new Series(tag, this.#clocks);
      this.byTag.set(tag, series);
    }
    return series;
  }

  cut(isGone: (row: number) => boolean): void {
    for (const series of this.byTag.values()) series.cut(isGone);
  }
}
