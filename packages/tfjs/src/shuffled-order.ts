import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A permutation of `0 … count - 1` that depends on the seed and the epoch's index and nothing else, so that any epoch's
 * order can be had again without those before it (Fisher–Yates; the epochs draw from disjoint parts of one sequence).
 */
export function shuffledOrder(count: number, seed: number, epoch: number): Int32Array {
  const random = xoroshiro128plus(seed);
  for (let jumps = 0; jumps < epoch; jumps++) random.jump();
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = uniformInt(random, 0, last);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}
