import type { FileEvent, HistogramBucket } from 'tensorboard-writer';
import type { MediaContent } from './media-table.js';

/** What an event holds under `tag`; undefined where it is nothing that can be shown. */
export function tensorboardContent(event: FileEvent, tag: string): MediaContent | undefined {
  const value = event.kind === 'summary' ? event.values.find((one) => one.tag === tag) : undefined;
  switch (value?.kind) {
    case 'histogram':
      return histogram(value.buckets);
    case 'image':
      return { kind: 'image', images: value.images, captions: value.images.map(() => '') };
    case 'text':
      return { kind: 'text', texts: value.texts };
    default:
      return undefined;
  }
}

function histogram(buckets: readonly HistogramBucket[]): MediaContent {
  const edges = buckets.length === 0 ? [] : [buckets[0]!.left, ...buckets.map(({ right }) => right)];
  // TensorFlow's older histograms reach to the ends of the doubles, where nothing is.
  return trimmed(
    buckets.map(({ count }) => count),
    edges,
  );
}

/** Leaves out the empty bins at both ends. */
function trimmed(counts: readonly number[], edges: readonly number[]): MediaContent {
  const from = counts.findIndex((count) => count > 0);
  if (from === -1) return { kind: 'histogram', counts: [], edges: [] };
  const to = counts.findLastIndex((count) => count > 0) + 1;
  return { kind: 'histogram', counts: counts.slice(from, to), edges: edges.slice(from, to + 1) };
}
