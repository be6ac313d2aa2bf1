import type { Normalize } from '@microbatch/core';
import { show } from './option-checks.js';

/**
 * What becomes of a micro-batch whose loss, or any element of whose gradient, is NaN or infinite: `'propagate'` trains with
 * it, at no cost; `'skip'` leaves it out of its window, which then steps as if it were the rest; `'raise'` fails the run
 * before the window's step. Where finite gradients come to a sum that overflows float32, which no micro-batch is to blame
 * for, `'skip'` and `'raise'` fail the run before the step; on backends whose reads stall only where the norm of the
 * gradient is read anyway, by `clip` or `measure`.
 */
export type NonFinite = 'propagate' | 'skip' | 'raise';

/** What of a micro-batch was not finite: its loss, and the gradients of variables, by name. */
export interface NonFiniteParts {
  readonly loss: boolean;
  readonly gradients: readonly string[];
}

/** Refuses what is no such option, or does not go with the policy, with a `TypeError`. */
export function assertNonFinite(given: unknown, normalize: Normalize): asserts given is NonFinite {
  if (!['propagate', 'skip', 'raise'].includes(given as string))
    throw new TypeError(`nonFinite must be 'propagate', 'skip' or 'raise', not ${show(given)}`);
  if (given !== 'skip' || normalize !== 'target') return;
  throw new TypeError(
    `nonFinite is 'skip', but normalize is 'target', which divides by the target whatever is left out: use normalize 'actual'`,
  );
}

/** The error of a window whose gradient has this norm, and whose micro-batches are finite. */
export function overflowError(norm: number, nonFinite: NonFinite): RangeError {
  return new RangeError(
    `the gradient of a window overflows float32: its norm is ${norm}, though its micro-batches are finite, and nonFinite is '${nonFinite}'`,
  );
}

/** The error of `'raise'`. */
export function nonFiniteError(microStep: number, loss: number, { gradients }: NonFiniteParts): RangeError {
  const [first, ...others] = gradients;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const parts = [
    ...(Number.isFinite(loss) ? [] : [`its loss (${loss})`]),
    ...(first === undefined ? [] : [`its gradient for ${first}${more}`]),
  ];
  return new RangeError(`micro-batch ${microStep} is not finite in ${parts.join(' and ')}: nonFinite is 'raise'`);
}
