import assert from 'node:assert/strict';

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

// fastai computes in float32, and sums in another order.
const LOSS_TOLERANCE = { float64: 1e-12, float32: 3e-6 };

// train() computes in float32 always: each weight after each step, and what it measures with them.
const TRAINING_TOLERANCE = 3e-5;

/** Throws an `AssertionError` where a comparison with a recording of this precision lies further apart than it may. */
export function assertWithin({ errors }: Comparison, dtype: 'float64' | 'float32'): void {
  const loss = LOSS_TOLERANCE[dtype];
  const tolerances: Record<string, number> = {
    loss,
    'smooth loss': loss,
    weights: TRAINING_TOLERANCE,
    'micro-batch loss': TRAINING_TOLERANCE,
    validation: TRAINING_TOLERANCE,
    'W&B': loss,
    // Both files hold 32 bits, so that float64 has to come out the same.
    TensorBoard: dtype === 'float64' ? 0 : loss,
  };
  assert.notDeepEqual(Object.keys(errors), [], 'nothing was compared');
  for (const [quantity, error] of Object.entries(errors)) {
    assert.ok(error <= tolerances[quantity]!, `${quantity} differs by ${error}, more than ${tolerances[quantity]}`);
  }
}
