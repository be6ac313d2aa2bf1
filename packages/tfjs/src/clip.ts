import * as tf from '@tensorflow/tfjs';
import { measureNorms, totalNorm } from './gradient-norms.js';
import type { GradientSum } from './gradient-sum.js';
import { assertKnownOptions, show } from './option-checks.js';

/**
 * How the accumulated gradient is kept small: exactly one of the three, a positive number. A norm that is not finite makes
 * each gradient that it is the norm of NaN as a whole; a value limit leaves NaN as it is.
 */
export type Clip =
  /** Scales the whole gradient so that its L2 norm is at most this (Pascanu et al. 2013, arXiv:1211.5063, alg. 1; Keras: global_clipnorm). */
  | { readonly globalNorm: number; readonly norm?: never; readonly value?: never }
  /** Scales each variable's gradient so that its own L2 norm is at most this (Keras: clipnorm). */
  | { readonly norm: number; readonly globalNorm?: never; readonly value?: never }
  /** Limits each element to ± this (Keras: clipvalue). */
  | { readonly value: number; readonly globalNorm?: never; readonly norm?: never };

/** L2 norms over all variables. */
export interface ClippedNorms {
  readonly gradNorm: number;
  readonly clippedGradNorm: number;
}

/** Clips a window's gradient in place; a promise only on backends that would stall. */
export type ClipGradient = (sum: GradientSum) => ClippedNorms | Promise<ClippedNorms>;

/** Checks the option. Throws a `TypeError` or `RangeError` that names it and the value. */
export function createClip(given: Clip): ClipGradient {
  const kinds = ['globalNorm', 'norm', 'value'] as const;
  assertKnownOptions('clip', given, kinds);
  const set = kinds.filter((kind) => given[kind] !== undefined);
  const [kind] = set;
  if (kind === undefined || set.length > 1) {
    throw new TypeError(`clip must have exactly one of globalNorm, norm and value, not ${set.join(' and ') || 'none'}`);
  }
  const limit: unknown = given[kind];
  if (typeof limit !== 'number') throw new TypeError(`clip.${kind} must be a positive number, not ${show(limit)}`);
  if (!(limit > 0 && limit < Number.POSITIVE_INFINITY))
    throw new RangeError(`clip.${kind} must be a positive number, not ${limit}`);
  if (kind === 'value') return (sum) => limitValues(sum, limit);
  return (sum) => {
    const norms = measureNorms(sum.named());
    const scale = kind === 'globalNorm' ? scaleAll : scaleEach;
    return norms instanceof Promise ? norms.then((read) => scale(sum, read, limit)) : scale(sum, norms, limit);
  };
}

function scaleAll(sum: GradientSum, norms: readonly number[], limit: number): ClippedNorms {
  const gradNorm = totalNorm(norms);
  const factor = scaleFor(gradNorm, limit);
  if (factor !== 1) sum.multiply(factor);
  return { gradNorm, clippedGradNorm: gradNorm * factor };
}

function scaleEach(sum: GradientSum, norms: readonly number[], limit: number): ClippedNorms {
  const factors = norms.map((norm) => scaleFor(norm, limit));
  sum.replaceEach((gradient, position) => (factors[position] === 1 ? gradient : tf.mul(gradient, factors[position]!)));
  const clipped = norms.map((norm, position) => norm * factors[position]!);
  return { gradNorm: totalNorm(norms), clippedGradNorm: totalNorm(clipped) };
}

function scaleFor(norm: number, limit: number): number {
  if (!Number.isFinite(norm)) return Number.NaN;
  return norm > limit ? limit / norm : 1;
}

function limitValues(sum: GradientSum, limit: number): ClippedNorms | Promise<ClippedNorms> {
  const before = measureNorms(sum.named());
  // Not `clipByValue`, which gives NaN the lower limit on wasm.
  sum.replaceEach((gradient) => tf.minimum(tf.maximum(gradient, -limit), limit));
  const after = measureNorms(sum.named());
  const norms = (read: readonly (readonly number[])[]): ClippedNorms => ({
    gradNorm: totalNorm(read[0]!),
    clippedGradNorm: totalNorm(read[1]!),
  });
  if (before instanceof Promise || after instanceof Promise) return Promise.all([before, after]).then(norms);
  return norms([before, after]);
}
