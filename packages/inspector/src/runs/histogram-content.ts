import type { MediaContent } from './media-table.js';

const BINS = 64;

/** Raw values counted in bins of equal width; those that are not finite belong to none. */
export function histogramContent(values: Iterable<number>): MediaContent & { kind: 'histogram' } {
  const finite = Array.from(values).filter(Number.isFinite);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of finite) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (finite.length === 0) return { kind: 'histogram', counts: [], edges: [] };
  if (low === high) {
    low -= 0.5;
    high += 0.5;
  }
  const edges = Array.from({ length: BINS + 1 }, (_, bin) => low + (bin * (high - low)) / BINS);
  const counts = new Array<number>(BINS).fill(0);
  for (const value of finite) counts[Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS))]!++;
  return { kind: 'histogram', counts, edges };
}
