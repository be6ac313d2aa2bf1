import { decodeAudio, decodeHistogram, decodeImage } from './decode-media.js';
import { decodeScalarTensor } from './decode-scalar-tensor.js';
import { decodeTensor } from './decode-tensor.js';
import type { PluginOwned, SummaryValue } from './event.js';
import { mediaOfTensor } from './media-of-tensor.js';
import { decodePlugin, type PluginOfTag, pluginOf } from './plugin-of-tag.js';
import { WireReader } from './wire.js';

// The fields of a value's oneof.
const SIMPLE_VALUE = 2;
const IMAGE = 4;
const HISTO = 5;
const AUDIO = 6;
const TENSOR = 8;

/**
 * Decodes `bytes[start, end)`, a Summary.Value. Throws a `MalformedError`.
 *
 * FORMAT: 1 tag   9 metadata   one of 2 simple_value, 4 image, 5 histo, 6 audio, 8 tensor
 */
export function decodeValue(bytes: Buffer, start: number, end: number, plugins: PluginOfTag): SummaryValue {
  const wire = new WireReader(bytes, start, end);
  let tag = '';
  let simple = 0;
  let own: PluginOwned | undefined;
  // What the value is can be told only when its tag and plugin are known, which may follow.
  let field = 0;
  let from = 0;
  let to = 0;
  while (wire.next()) {
    if (wire.is(1, 2)) tag = wire.string();
    else if (wire.is(9, 2)) own = decodePlugin(bytes, wire.message(), wire.at);
    else if (wire.is(SIMPLE_VALUE, 5)) {
      field = SIMPLE_VALUE;
      simple = wire.float();
    } else if (wire.wireType === 2 && (wire.field === TENSOR || (wire.field >= IMAGE && wire.field <= AUDIO))) {
      field = wire.field;
      from = wire.message();
      to = wire.at;
    } else wire.skip();
  }
  const plugin = pluginOf(tag, own, plugins);
  if (field === SIMPLE_VALUE) return { kind: 'scalar', tag, value: simple };
  if (field === HISTO) return { kind: 'histogram', tag, buckets: decodeHistogram(bytes, from, to) };
  if (field === IMAGE) return decodeImage(tag, bytes, from, to);
  if (field === AUDIO) return { kind: 'audio', tag, clips: [decodeAudio(bytes, from, to)] };
  if (field === TENSOR) return decodeTensorValue(tag, plugin, bytes, from, to);
  return { kind: 'other', tag, ...plugin };
}

function decodeTensorValue(tag: string, plugin: PluginOwned, bytes: Buffer, from: number, to: number): SummaryValue {
  if (plugin.plugin === 'scalars') {
    const value = decodeScalarTensor(bytes, from, to);
    if (value !== undefined) return { kind: 'scalar', tag, value };
  }
  const tensor = decodeTensor(bytes, from, to);
  if (tensor === undefined) return { kind: 'other', tag, ...plugin };
  return mediaOfTensor(tag, plugin.plugin, tensor) ?? { kind: 'tensor', tag, ...plugin, tensor };
}
