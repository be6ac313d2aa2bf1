import { describe, expect, it } from 'vitest';
import { shuffledOrder } from '../src/shuffled-order.js';

describe('shuffledOrder', () => {
  it('is a permutation that the seed and the epoch decide', () => {
    const order = shuffledOrder(1000, 7, 3);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(shuffledOrder(1000, 7, 3)).toEqual(order);
    expect(shuffledOrder(1000, 8, 3)).not.toEqual(order);
    expect(shuffledOrder(1000, 7, 2)).not.toEqual(order);
  });

  it('puts every sample everywhere equally often', () => {
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let seed = 0; seed < 4000; seed++) {
      shuffledOrder(4, seed, 1).forEach((sample, place) => {
        counts[place]![sample]! += 1;
      });
    }
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});
