/** Goes from `start` to `end` as `pct` goes from 0 to 1. */
export type Annealer = (start: number, end: number, pct: number) => number;

// The formulas are fastai's (fastai:fastai/callback/schedule.py), operation by operation: a schedule's value is truncated
// to an integer, so that an equal formula in another order of operations could give another sequence.

/** Half a cosine: slow, fast, slow. */
export const schedCos: Annealer = (start, end, pct) =>
  start + ((1 + Math.cos(Math.PI * (1 - pct))) * (end - start)) / 2;

/** A straight line. */
export const schedLin: Annealer = (start, end, pct) => start + pct * (end - start);

/** Equal ratios in equal parts. */
export const schedExp: Annealer = (start, end, pct) => start * (end / start) ** pct;

/** Stays at `start`. */
export const schedNo: Annealer = (start) => start;

/** A power of `pct`; throws a `RangeError` unless `power` is a positive number. */
export function schedPoly(power: number): Annealer {
  if (!(power > 0 && power < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`schedPoly: power must be a positive number, not ${String(power)}`);
  }
  const anneal: Annealer = (start, end, pct) => start + (end - start) * pct ** power;
  // Snapshots and logs know a schedule by its function's name.
  return Object.defineProperty(anneal, 'name', { value: `schedPoly(${power})` });
}
