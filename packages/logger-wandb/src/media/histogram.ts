import type { HistogramValue } from '@microbatch/core/logger';
import type { JsonValue } from '../log/value-json.js';

const DEFAULT_BINS = 64;
const MAX_BINS = 512;

/**
 * A distribution in W&B's form. Raw values are counted in equal bins between the smallest and the largest, as
 * numpy.histogram does for the Python client; values that are not finite belong to no bin.
 * Throws a `TypeError` where nothing is finite, or counts and edges are not as W&B takes them.
 */
export function histogramOf(histogram: HistogramValue, bins: number = DEFAULT_BINS): JsonValue {
  if ('counts' in histogram) {
    const { counts, edges } = histogram;
    if (counts.length > MAX_BINS) throw new TypeError(`W&B takes at most ${MAX_BINS} bins, not ${counts.length}`);
    if (edges.length !== counts.length + 1) throw new TypeError('a histogram needs one edge more than counts');
    return { _type: 'histogram', values: [...counts], bins: [...edges] };
  }
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of histogram.values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) throw new TypeError('a histogram needs at least one finite value');
  if (low === high) {
    low -= 0.5;
    high += 0.5;
  }
  const edges = Array.from({ length: bins + 1 }, (_, bin) => (bin === bins ? high : low + (bin * (high - low)) / bins));
  const counts = new Array<number>(bins).fill(0);
  for (const value of histogram.values) {
    if (Number.isFinite(value)) counts[binOf(value, edges)]!++;
  }
  return { _type: 'histogram', values: counts, bins: edges };
}

function binOf(value: number, edges: readonly number[]): number {
  const bins = edges.length - 1;
  const low = edges[0]!;
  let bin = Math.min(bins - 1, Math.floor(((value - low) / (edges[bins]! - low)) * bins));
  // The division may round across an edge: numpy corrects it the same way.
  if (value < edges[bin]!) bin--;
  else if (bin < bins - 1 && value >= edges[bin + 1]!) bin++;
  return bin;
}
