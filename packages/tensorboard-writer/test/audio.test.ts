import { expect, test } from 'vitest';
import { encodeAudio } from '../src/audio.js';
import type { DenseArray } from '../src/index.js';
import type { SummaryWriter } from '../src/summary-writer.js';
import { expectRefused } from './expect-refused.js';
import { mediaGolden, toHex } from './media-golden.js';

test.each(mediaGolden.audio)(
  '$shape samples are byte for byte what TensorFlow and TensorBoard make of them',
  (golden) => {
    const { tag, samples, shape, sampleRate, payload } = golden;
    for (const data of [samples, Float32Array.from(samples), Float64Array.from(samples)]) {
      expect(toHex(encodeAudio(tag, { shape, data }, sampleRate))).toBe(payload);
    }
  },
);

test('one dimension is one channel', () => {
  const data = [0.5, -0.5, 0.25];
  expect(encodeAudio('t', { shape: [3], data }, 8000)).toEqual(encodeAudio('t', { shape: [3, 1], data }, 8000));
});

function pcm(data: DenseArray['data']): Int16Array {
  const payload = Buffer.from(encodeAudio('t', { shape: [data.length], data }, 8000));
  const start = payload.indexOf('data', 'latin1') + 8;
  return Int16Array.from(data, (_, at) => payload.readInt16LE(start + 2 * at));
}

test('16-bit samples are stored as they are, NaN is silence', () => {
  const samples = Int16Array.of(-32768, -1, 0, 1, 32767);
  expect(pcm(samples)).toEqual(samples);
  expect(pcm([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toEqual(
    Int16Array.of(0, 32767, -32768),
  );
});

const badCalls: [name: string, call: (writer: SummaryWriter) => void, error: typeof TypeError, message: RegExp][] = [
  ['no samples', (w) => w.addAudio('t', []), RangeError, /samples .*shape \[0\]/],
  ['no channels', (w) => w.addAudio('t', { shape: [3, 0], data: [] }), RangeError, /samples .*shape \[3,0\]/],
  [
    '65,536 channels',
    (w) => w.addAudio('t', { shape: [1, 65_536], data: new Float32Array(65_536) }),
    RangeError,
    /1 to 255 channels, not shape \[1,65536\]/,
  ],
  ['three dimensions', (w) => w.addAudio('t', { shape: [1, 1, 1], data: [0] }), RangeError, /samples .*\[1,1,1\]/],
  ['integers', (w) => w.addAudio('t', Int32Array.of(1)), TypeError, /samples must be floats.*not Int32Array/],
  ['rate 0', (w) => w.addAudio('t', [0], 1, { sampleRate: 0 }), RangeError, /sampleRate .*not 0/],
  ['rate with a fraction', (w) => w.addAudio('t', [0], 1, { sampleRate: 1.5 }), RangeError, /sampleRate .*not 1\.5/],
  ['rate NaN', (w) => w.addAudio('t', [0], 1, { sampleRate: Number.NaN }), RangeError, /sampleRate .*not NaN/],
  ['rate too high', (w) => w.addAudio('t', [0], 1, { sampleRate: 2 ** 31 }), RangeError, /sampleRate .*not 2147483648/],
  ['rate no number', (w) => w.addAudio('t', [0], 1, { sampleRate: '8' as never }), TypeError, /sampleRate .*'8'/],
];

test.each(badCalls)('%s: refused by name and value, nothing written', (_, call, errorClass, message) => {
  expectRefused(call, errorClass, message);
});
