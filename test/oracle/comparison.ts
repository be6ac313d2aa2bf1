/** How far two recordings of the same thing lie apart. */
export interface Comparison {
  /** Optimizer steps that were compared. */
  readonly steps: number;
  /** By quantity, the largest error of its values. What is compared for equality is not here: it throws. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Gathers the largest error of each quantity. */
export interface ErrorTally {
  note(quantity: string, ours: number, theirs: number): void;
  readonly errors: Readonly<Record<string, number>>;
}

export function createErrorTally(): ErrorTally {
  const errors: Record<string, number> = {};
  return {
    errors,
    note(quantity, ours, theirs) {
      errors[quantity] = Math.max(errors[quantity] ?? 0, relativeError(ours, theirs));
    },
  };
}

/** |a - b|, relative where the values are larger than 1. NaN equals itself, an infinity nothing else. */
export function relativeError(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const error = Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

/** What recorded losses may differ by: fastai computes in float32, and sums in another order. */
export function lossTolerance({ config }: { config: { dtype: 'float32' | 'float64' } }): number {
  return config.dtype === 'float64' ? 1e-12 : 3e-6;
}

/** What float32 training may differ by from a recorded one, in each weight after each step. */
export const WEIGHT_TOLERANCE = 3e-5;

/** Half a unit in the last place of what TensorBoard's files hold, twice over. */
export const FLOAT32_TOLERANCE = 2 ** -23;
