import { show } from '../logger/option-checks.js';
import type { ResolvedPlan } from '../logger/run-info.js';

/**
 * Where a schedule begins or ends. A bare `0 ≤ x < 1` is a fraction of all training micro-batches, a bare integer ≥ 2
 * an epoch (index 0); a bare 1 is refused, because it could be either.
 */
export type ScheduleBound =
  | number
  | `${number}%`
  | { readonly epoch: number }
  | { readonly fraction: number }
  | { readonly microStep: number };

/** A bound whose unit is known. */
export interface ParsedBound {
  readonly unit: 'fraction' | 'epoch' | 'microStep';
  readonly value: number;
}

/** Reads a bound's unit. Throws a `TypeError` or `RangeError` that names the option and the value. */
export function parseBound(option: string, bound: unknown): ParsedBound {
  if (typeof bound === 'number') {
    if (bound >= 0 && bound < 1) return { unit: 'fraction', value: bound };
    if (bound === 1) throw new RangeError(`${option}: 1 could be an epoch or 100 %: write '100%' or { epoch: 1 }`);
    if (Number.isSafeInteger(bound) && bound >= 2) return { unit: 'epoch', value: bound };
    throw new RangeError(
      `${option} must be a fraction from 0 to below 1 or an epoch (an integer from 2), not ${bound}`,
    );
  }
  if (typeof bound === 'string') {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(bound);
    if (match === null) throw new TypeError(`${option} must be a percentage such as '30%', not ${show(bound)}`);
    return inside(option, bound, { unit: 'fraction', value: Number(match[1]) / 100 });
  }
  if (typeof bound === 'object' && bound !== null) {
    const [unit, ...more] = Object.keys(bound);
    const value: unknown = unit === undefined ? undefined : (bound as Record<string, unknown>)[unit];
    const known = unit === 'fraction' || unit === 'epoch' || unit === 'microStep';
    if (known && more.length === 0 && typeof value === 'number') return inside(option, bound, { unit, value });
  }
  throw new TypeError(
    `${option} must be a number, a percentage or one of { epoch }, { fraction }, { microStep }, not ${show(bound)}`,
  );
}

function inside(option: string, given: unknown, bound: ParsedBound): ParsedBound {
  const { unit, value } = bound;
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${option} must not be negative or unbounded, but is ${show(given)}`);
  }
  if (unit === 'fraction' && value > 1) throw new RangeError(`${option} must be at most 100 %, not ${show(given)}`);
  if (unit === 'microStep' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${option}: a microStep must be an integer, not ${show(given)}`);
  }
  return bound;
}

/** The bound as a fraction of all training micro-batches. Throws a `RangeError` where it lies outside training. */
export function boundFraction(option: string, bound: ParsedBound, plan: Required<ResolvedPlan>): number {
  const total = { fraction: 1, epoch: plan.epochs, microStep: plan.epochs * plan.microBatchesPerEpoch }[bound.unit];
  if (bound.value > total) {
    throw new RangeError(`${option}: ${bound.unit} ${bound.value} lies outside training, which has ${total}`);
  }
  return bound.unit === 'fraction' ? bound.value : bound.value / total;
}
