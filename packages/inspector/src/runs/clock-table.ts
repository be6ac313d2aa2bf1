import { NumberColumn } from './columns.js';

/**
 * The clocks on which a run can be seen. `logged` is a source's own step: TensorBoard's x, W&B's `_step`; `time` in ms since
 * 1970; the others as in a `TrainEvent`.
 */
export const CLOCKS = ['logged', 'microStep', 'step', 'samples', 'epoch', 'time'] as const;

export type Clock = (typeof CLOCKS)[number];

/** Where training stood at each row of a source; NaN where a row does not say it. Points share rows, so clocks are stored once. */
export class ClockTable {
  readonly columns: Partial<Record<Clock, NumberColumn>> = {};
  readonly #columns: readonly NumberColumn[];
  length = 0;

  /** `clocks` are those that the source can tell; `add` takes their values in this order. */
  constructor(clocks: readonly Clock[]) {
    for (const clock of clocks) this.columns[clock] = new NumberColumn();
    this.#columns = clocks.map((clock) => this.columns[clock]!);
  }

  /** Adds a row and returns its number. */
  add(...values: readonly number[]): number {
    for (let i = 0; i < this.#columns.length; i++) this.#columns[i]!.push(values[i] ?? Number.NaN);
    return this.length++;
  }

  at(clock: Clock, row: number): number | undefined {
    const value = row < this.length ? this.columns[clock]?.values[row] : undefined;
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }
}
