import { type JsonValue, parseValueJson, valueJsonText } from '../log/value-json.js';

/** What the values of a column were so far. */
export interface Statistics {
  /** The first of all values, number or not. */
  readonly first: JsonValue;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** Counts the values of all columns: a metric whose definition comes late shows what was before it, too. */
export interface ColumnStatistics {
  add(column: number, value: JsonValue): void;
  /** `undefined` for a column that never had a value; of numbers none, `min` and `max` are 0 and `mean` NaN, as in Go. */
  of(column: number): Statistics | undefined;
  /** What was counted of a column, by its number. */
  state(): readonly ColumnState[];
  restore(column: number, state: ColumnState): void;
}

/** Plain data. */
export interface ColumnState {
  readonly column: number;
  /** As JSON text. */
  readonly first: string;
  /** Count, minimum, maximum and sum of its numbers; absent where it had none. */
  readonly numbers?: readonly number[];
}

const COUNT = 0;
const MIN = 1;
const MAX = 2;
const SUM = 3;
const FIELDS = 4;

/** Statistics of no values yet. */
export function createColumnStatistics(): ColumnStatistics {
  const firsts: JsonValue[] = [];
  let fields = new Float64Array(0);

  function reserve(columns: number): void {
    const longer = new Float64Array(columns * FIELDS);
    for (let at = 0; at < longer.length; at += FIELDS) {
      longer[at + MIN] = Number.POSITIVE_INFINITY;
      longer[at + MAX] = Number.NEGATIVE_INFINITY;
    }
    longer.set(fields);
    fields = longer;
  }

  function addNumber(column: number, value: number): void {
    const at = column * FIELDS;
    if (at >= fields.length) reserve(2 * column + 16);
    fields[at + COUNT]! += 1;
    fields[at + SUM]! += value;
    const [min, max] = [fields[at + MIN]!, fields[at + MAX]!];
    // NaN, once there, stays.
    if (!(value >= min || Number.isNaN(min))) fields[at + MIN] = value;
    if (!(value <= max || Number.isNaN(max))) fields[at + MAX] = value;
  }

  return {
    add(column, value) {
      if (column >= firsts.length || firsts[column] === undefined) firsts[column] = value;
      if (typeof value === 'number') addNumber(column, value);
      else if (typeof value === 'bigint') addNumber(column, Number(value));
    },
    of(column) {
      const first = firsts[column];
      if (first === undefined) return undefined;
      const at = column * FIELDS;
      const count = fields[at + COUNT] ?? 0;
      if (count === 0) return { first, min: 0, max: 0, mean: Number.NaN };
      return { first, min: fields[at + MIN]!, max: fields[at + MAX]!, mean: fields[at + SUM]! / count };
    },
    state() {
      return firsts.flatMap((first, column): ColumnState | [] => {
        if (first === undefined) return [];
        const numbers = [...fields.slice(column * FIELDS, (column + 1) * FIELDS)];
        return { column, first: valueJsonText(first), ...((numbers[COUNT] ?? 0) === 0 ? {} : { numbers }) };
      });
    },
    restore(column, { first, numbers = [] }) {
      firsts[column] = parseValueJson(first) as JsonValue;
      if ((column + 1) * FIELDS > fields.length) reserve(2 * column + 16);
      fields.set(numbers, column * FIELDS);
    },
  };
}
