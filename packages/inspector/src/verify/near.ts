/** Rounding of one addition, relative. */
const EPSILON = 2 ** -52;

/**
 * Whether two numbers are equal, or differ by at most `tolerance` × `scale`. NaN is equal to itself, an infinity to nothing
 * else.
 */
export function isNear(
  a: number,
  b: number,
  tolerance: number,
  scale: number = Math.max(Math.abs(a), Math.abs(b)),
): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= tolerance * scale;
}

/** A weighted mean that is recomputed term by term. */
export interface RecomputedMean {
  readonly weight: number;
  readonly count: number;
  add(weight: number, value: number): void;
  /** Σ weight·value / `normalizer`. */
  mean(normalizer: number): number;
  /**
   * Whether `told` is that mean, but for what another order of summation may make of it: a sum of both signs may be far smaller
   * than its terms, so the bound is relative to those.
   */
  isTold(told: number, normalizer: number): boolean;
}

export function createMean(): RecomputedMean {
  let [sum, size, weight, count] = [0, 0, 0, 0];
  const mean = (normalizer: number) => sum / normalizer;
  return {
    get weight() {
      return weight;
    },
    get count() {
      return count;
    },
    add(added, value) {
      sum += added * value;
      size += Math.abs(added * value);
      weight += added;
      count += 1;
    },
    mean,
    isTold: (told, normalizer) =>
      isNear(told, mean(normalizer), 1, ((count + 4) * EPSILON * size) / Math.abs(normalizer)),
  };
}
