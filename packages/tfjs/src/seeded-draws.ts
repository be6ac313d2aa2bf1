import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Does synchronous work whose draws from `Math.random` depend on the seed and the micro-batch alone. */
export type Draws = <T>(microStep: number, work: () => T) => T;

/**
 * Layers without a seed of their own, dropout among them, draw from `Math.random`, whose position can be neither read nor
 * set. For the time of one forward and backward pass another generator takes its place.
 */
export function seededDraws(seed: number): Draws {
  return (microStep, work) => {
    const { random } = Math;
    const generator = xoroshiro128plus(mixed(seed, microStep));
    Math.random = () => ((generator.next() >>> 5) * 2 ** 26 + (generator.next() >>> 6)) / 2 ** 53;
    try {
      return work();
    } finally {
      Math.random = random;
    }
  };
}

/** Neighbouring micro-batches must not begin alike (the finalizer of MurmurHash3, over both numbers). */
function mixed(seed: number, microStep: number): number {
  return avalanche(avalanche(seed | 0) ^ microStep);
}

function avalanche(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
