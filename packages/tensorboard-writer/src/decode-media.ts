import type { AudioClip, HistogramBucket, SummaryValue } from './event.js';
import type { TensorValue } from './tensor-value.js';
import { WireReader } from './wire.js';

/*
 * FORMAT (tensorflow/core/framework/summary.proto, tsl/protobuf/histogram.proto):
 *   HistogramProto  1 min   2 max   3 num   4 sum   5 sum_squares   6 bucket_limit   7 bucket   (doubles)
 *   Image           1 height   2 width   3 colorspace   4 encoded_image_string
 *   Audio           1 sample_rate   2 num_channels   3 length_frames   4 encoded_audio_string   5 content_type
 * How tensors hold the same: tensorboard/plugins/{histogram,image,audio,text}/metadata.py and summary_v2.py.
 */

const utf8 = new TextDecoder();

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

/** What a plugin makes of a tensor; undefined where the tensor is not what the plugin expects. */
export function mediaOfTensor(tag: string, plugin: string | undefined, tensor: TensorValue): SummaryValue | undefined {
  if (plugin === 'histograms') return histogramOfTensor(tag, tensor);
  if (tensor.dtype !== 'string') return undefined;
  const { shape, data } = tensor;
  if (plugin === 'text') return { kind: 'text', tag, shape, texts: data.map((text) => utf8.decode(text)) };
  if (plugin === 'images' && shape.length === 1 && data.length >= 2) {
    const [width, height] = [Number(utf8.decode(data[0])), Number(utf8.decode(data[1]))];
    if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height)) return undefined;
    return { kind: 'image', tag, width, height, images: data.slice(2) };
  }
  if (plugin === 'audio' && shape.length === 1) return { kind: 'audio', tag, clips: data.map(wav) };
  if (plugin === 'audio' && shape.length === 2 && shape[1] === 2) {
    const clips = Array.from({ length: shape[0]! }, (_, i) => {
      const label = utf8.decode(data[2 * i + 1]);
      return label === '' ? wav(data[2 * i]!) : { ...wav(data[2 * i]!), label };
    });
    return { kind: 'audio', tag, clips };
  }
  return undefined;
}

function histogramOfTensor(tag: string, { dtype, shape, data }: TensorValue): SummaryValue | undefined {
  if (shape.length !== 2 || shape[1] !== 3 || (dtype !== 'float64' && dtype !== 'float32')) return undefined;
  const buckets = Array.from({ length: shape[0]! }, (_, i) => ({
    left: data[3 * i]!,
    right: data[3 * i + 1]!,
    count: data[3 * i + 2]!,
  }));
  return { kind: 'histogram', tag, buckets };
}

function wav(bytes: Uint8Array): AudioClip {
  return { bytes, contentType: 'audio/wav' };
}
