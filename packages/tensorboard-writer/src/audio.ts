import { assertInteger } from './arguments.js';
import { uintField } from './message.js';
import type { DenseArray } from './numeric-input.js';
import { tensorSummary } from './summary-value.js';
import { stringTensor } from './tensor-proto.js';

const HEADER_BYTES = 44;
// More are time and channels exchanged, as PyTorch has them.
const MOST_CHANNELS = 255;
const LARGEST_UINT32 = 2 ** 32 - 1;

// BYTES (tensorboard/plugins/audio/plugin_data.proto): AudioPluginData  10 encoding (11: WAV)
const WAV_CONTENT = uintField(2, 11);

/**
 * A sound as the audio plugin stores it: WAV files (tensorboard/plugins/audio/summary_v2.py, here without its empty
 * label). `samples` are numbers from -1 to 1, others are clamped, or an `Int16Array` as it shall be stored; of shape
 * `[n]` or `[n, channels]`. Throws a `TypeError` or `RangeError` that names the argument.
 */
export function encodeAudio(tag: string, samples: DenseArray, sampleRate: number): Uint8Array {
  const tensor = stringTensor([1], [encodeWav(samples, sampleRate)]);
  return tensorSummary(tag, tensor, { plugin: 'audio', content: WAV_CONTENT, dataClass: 'blobSequence' });
}

/** A WAV file, byte for byte what TensorFlow makes of the same 32-bit floats (tensorflow/core/lib/wav/wav_io.cc). */
function encodeWav({ shape, data, dtype }: DenseArray, sampleRate: number): Uint8Array {
  const [frames, channels = 1] = shape;
  if (shape.length < 1 || shape.length > 2) {
    throw new RangeError(`samples must be of shape [n] or [n, channels], not [${shape}]`);
  }
  if (frames === 0 || channels < 1 || channels > MOST_CHANNELS) {
    throw new RangeError(`samples must have a sample and 1 to ${MOST_CHANNELS} channels, not shape [${shape}]`);
  }
  const isPcm = data instanceof Int16Array;
  if (!(isPcm || data instanceof Float32Array || data instanceof Float64Array || Array.isArray(data))) {
    const received = dtype ?? data.constructor.name;
    throw new TypeError(`samples must be floats from -1 to 1 or an Int16Array, not ${received}`);
  }
  const frameBytes = 2 * channels;
  assertInteger('sampleRate', sampleRate, 1, Math.floor(LARGEST_UINT32 / frameBytes));
  if (HEADER_BYTES + 2 * data.length > LARGEST_UINT32) {
    throw new RangeError(`samples must fit into a WAV file of 4 GiB, not ${data.length}`);
  }
  const wav = Buffer.alloc(HEADER_BYTES + 2 * data.length);
  writeHeader(wav, channels, sampleRate);
  for (let at = 0; at < data.length; at += 1) {
    wav.writeInt16LE(isPcm ? data[at]! : toPcm(data[at]!), HEADER_BYTES + 2 * at);
  }
  return wav;
}

function writeHeader(wav: Buffer, channels: number, sampleRate: number): void {
  // FORMAT: "RIFF" u32 length of what follows "WAVE"; chunk "fmt ": u32 16, u16 1 (PCM), u16 channels, u32 rate,
  // u32 bytes a second, u16 bytes a frame, u16 bits a sample; chunk "data": u32 length, samples. Little-endian.
  const frameBytes = 2 * channels;
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(channels, 22);
  wav.writeUInt32LE(sampleRate, 24);
  wav.writeUInt32LE(sampleRate * frameBytes, 28);
  wav.writeUInt16LE(frameBytes, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(wav.length - HEADER_BYTES, 40);
}

function toPcm(sample: number): number {
  const scaled = sample * 2 ** 15;
  // Halves are rounded away from zero, as C does. NaN is written as 0, silence.
  const rounded = scaled < 0 ? -Math.round(-scaled) : Math.round(scaled);
  return Math.max(-(2 ** 15), Math.min(2 ** 15 - 1, rounded));
}
