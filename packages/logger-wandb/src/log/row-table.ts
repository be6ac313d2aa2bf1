import type { JsonValue } from './value-json.js';

/**
 * The leaf values of one row at a time, in columns that stay: a column keeps its latest value when the row ends, which
 * is what W&B's summary shows.
 */
export interface RowTable {
  /** Each column's path: one element for a flat key, whatever dots and slashes it holds. */
  readonly paths: readonly (readonly string[])[];
  /** Each column's latest value; `undefined` where it never had one. */
  readonly latest: readonly (JsonValue | undefined)[];
  /** A column's latest value that is not null; `undefined` where there is none. */
  latestValue(column: number): JsonValue | undefined;
  /** The columns of the row, in order: the first `width` of `filled`. */
  readonly filled: readonly number[];
  readonly width: number;
  /** The column of a flat key, made where it is new. */
  column(key: string): number;
  /** The column of a leaf inside an object. */
  columnAt(path: readonly string[]): number;
  /** Whether the row has a value in a column. */
  has(column: number): boolean;
  /** Puts a value into the row. Returns whether the row had one in that column. */
  set(column: number, value: JsonValue): boolean;
  /** Replaces a column's latest value without putting it into the row. */
  setLatest(column: number, value: JsonValue): void;
  /** Ends the row. */
  clear(): void;
}

/** A table without columns. */
export function createRowTable(): RowTable {
  const flat = new Map<string, number>();
  const nested = new Map<string, number>();
  const paths: (readonly string[])[] = [];
  const latest: (JsonValue | undefined)[] = [];
  /** Of columns whose latest value is null, the one before. */
  const beforeNull = new Map<number, JsonValue>();
  const filled: number[] = [];
  /** By column, the last row that filled it. */
  const lastRow: number[] = [];
  let row = 1;
  let width = 0;

  function add(path: readonly string[]): number {
    latest.push(undefined);
    lastRow.push(0);
    return paths.push(path) - 1;
  }

  function found(columns: Map<string, number>, key: string, path: readonly string[] | undefined): number {
    let column = columns.get(key);
    if (column === undefined) {
      column = add(path ?? [key]);
      columns.set(key, column);
    }
    return column;
  }

  return {
    paths,
    latest,
    filled,
    get width() {
      return width;
    },
    column: (key) => found(flat, key, undefined),
    columnAt: (path) => (path.length === 1 ? found(flat, path[0]!, path) : found(nested, JSON.stringify(path), path)),
    has: (column) => lastRow[column] === row,
    latestValue: (column) => latest[column] ?? beforeNull.get(column),
    set(column, value) {
      const before = value === null ? latest[column] : null;
      if (before !== null && before !== undefined) beforeNull.set(column, before);
      latest[column] = value;
      if (lastRow[column] === row) return true;
      lastRow[column] = row;
      filled[width++] = column;
      return false;
    },
    setLatest(column, value) {
      beforeNull.delete(column);
      latest[column] = value;
    },
    clear() {
      row++;
      width = 0;
    },
  };
}
