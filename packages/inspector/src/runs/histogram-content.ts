import type { MediaContent } from './media-table.js';

const [FEWEST_BINS, MOST_BINS] = [8, 64];

/** Raw values counted in bins of equal width, as many as Rice's rule says; values that are not finite belong to none. */
export function histogramContent(values: Iterable<number>): MediaContent & { kind: 'histogram' } {
  const finite = Array.from(values).filter(Number.isFinite);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of finite) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (finite.length === 0) return { kind: 'histogram', counts: [], edges: [] };
  const bins = Math.min(MOST_BINS, Math.max(FEWEST_BINS, Math.ceil(2 * Math.cbrt(finite.length))));
  if (low === high) {
    low -= 0.5;
    high += 0.5;
  }
  const edges = Array.from({ length: bins + 1 }, (_, bin) => low + (bin * (high - low)) / bins);
  const counts = new Array<number>(bins).fill(0);
  for (const value of finite) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]!++;
  return { kind: 'histogram', counts, edges };
}
