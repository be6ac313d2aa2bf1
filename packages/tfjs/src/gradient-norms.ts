import * as tf from '@tensorflow/tfjs';
import type { NamedGradient } from './gradient-sum.js';
import { readingStalls, readValues } from './read-values.js';
import { sumOfSquares } from './squared-norm.js';

/** Bounds of the divisor that keeps squares in float32's range; infinities stay so, and zeros are not divided by. */
const [SMALLEST, LARGEST] = [1e-30, 3e38];

/**
 * The L2 norm of each gradient, 0 where there is none, taken of the values that they have now; a promise only on backends
 * that would stall. No norm of finite gradients overflows: squares are summed in float64, or, where the device must do it,
 * of values divided by the largest of them. NaN or an infinity in a gradient is in its norm.
 */
export function measureNorms(gradients: readonly NamedGradient[]): readonly number[] | Promise<readonly number[]> {
  return readingStalls() ? deviceNorms(gradients) : gradients.map(({ tensor }) => hostNorm(tensor));
}

/** The norm over all variables. */
export function totalNorm(norms: readonly number[]): number {
  return Math.sqrt(norms.reduce((sum, norm) => sum + norm * norm, 0));
}

// One tensor after the other: all at once would be a second copy of the gradients.
function hostNorm(tensor: tf.Tensor | null): number {
  return tensor === null ? 0 : Math.sqrt(sumOfSquares(tensor));
}

/** Exported for its tests: the backends that they run on read at once. */
export async function deviceNorms(gradients: readonly NamedGradient[]): Promise<readonly number[]> {
  const present = gradients.filter(({ tensor }) => tensor !== null);
  if (present.length === 0) return gradients.map(() => 0);
  const parts = tf.tidy(() =>
    tf.stack(
      present.flatMap(({ tensor }) => {
        const divisor = tf.clipByValue(tf.max(tf.abs(tensor!)), SMALLEST, LARGEST);
        return [divisor, tf.sqrt(tf.sum(tf.square(tf.div(tensor!, divisor))))];
      }),
    ),
  );
  const [values] = await readValues([parts]);
  parts.dispose();
  let next = 0;
  return gradients.map(({ tensor }) => (tensor === null ? 0 : values![next++]! * values![next++]!));
}
