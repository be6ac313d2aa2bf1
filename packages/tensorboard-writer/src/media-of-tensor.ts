import type { AudioClip, SummaryValue } from './event.js';
import type { TensorValue } from './tensor-value.js';

const utf8 = new TextDecoder();

/**
 * What a plugin makes of a tensor; undefined where the tensor is not what the plugin expects.
 *
 * FORMAT: tensorboard/plugins/{histogram,image,audio,text}/metadata.py and summary_v2.py
 */
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
