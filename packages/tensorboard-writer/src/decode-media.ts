import type { AudioClip, HistogramBucket, SummaryValue } from './event.js';
import { WireReader } from './wire.js';

/*
 * FORMAT (tensorflow/core/framework/summary.proto, tsl/protobuf/histogram.proto):
 *   HistogramProto  1 min   2 max   3 num   4 sum   5 sum_squares   6 bucket_limit   7 bucket   (doubles)
 *   Image           1 height   2 width   3 colorspace   4 encoded_image_string
 *   Audio           1 sample_rate   2 num_channels   3 length_frames   4 encoded_audio_string   5 content_type
 */

/**
 * The buckets of a HistogramProto, as TensorBoard makes them (tensorboard/data_compat.py): without the empty ones at both
 * ends, whose limits may be those of all doubles; the outer edges are min and max.
 */
export function decodeHistogram(bytes: Buffer, start: number, end: number): HistogramBucket[] {
  const wire = new WireReader(bytes, start, end);
  let min = 0;
  let max = 0;
  const limits: number[] = [];
  const counts: number[] = [];
  while (wire.next()) {
    if (wire.is(1, 1)) min = wire.double();
    else if (wire.is(2, 1)) max = wire.double();
    else if (wire.field === 6) wire.doubles(limits);
    else if (wire.field === 7) wire.doubles(counts);
    else wire.skip();
  }
  const first = counts.findIndex((count) => count > 0);
  if (first === -1) return [];
  const last = counts.findLastIndex((count) => count > 0);
  return counts.slice(first, last + 1).map((count, i) => ({
    left: i === 0 ? min : (limits[first + i - 1] ?? max),
    right: first + i === last ? max : (limits[first + i] ?? max),
    count,
  }));
}

/** A tag's picture from an Image. */
export function decodeImage(tag: string, bytes: Buffer, start: number, end: number): SummaryValue {
  const wire = new WireReader(bytes, start, end);
  let height = 0;
  let width = 0;
  let image: Uint8Array = new Uint8Array(0);
  while (wire.next()) {
    if (wire.is(1, 0)) height = wire.uint32();
    else if (wire.is(2, 0)) width = wire.uint32();
    else if (wire.is(4, 2)) image = wire.copy();
    else wire.skip();
  }
  return { kind: 'image', tag, width, height, images: [image] };
}

/** A sound from an Audio. */
export function decodeAudio(bytes: Buffer, start: number, end: number): AudioClip {
  const wire = new WireReader(bytes, start, end);
  let clip: Uint8Array = new Uint8Array(0);
  let contentType = 'audio/wav';
  while (wire.next()) {
    if (wire.is(4, 2)) clip = wire.copy();
    else if (wire.is(5, 2)) contentType = wire.string();
    else wire.skip();
  }
  return { bytes: clip, contentType };
}
