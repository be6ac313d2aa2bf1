import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { encodeImage, encodeImageGrid, encodePng } from '../src/image.js';
import type { DenseArray, ImageLayout, TensorLike } from '../src/index.js';
import { SummaryWriter } from '../src/summary-writer.js';
import { expectRefused } from './expect-refused.js';
import { mediaGolden, toHex } from './media-golden.js';
import { temporaryFolder } from './temporary-folder.js';

const PNG_START = Buffer.from('89504e470d0a1a0a', 'hex');

function picture(bytes: Uint8Array) {
  const start = Buffer.from(bytes).indexOf(PNG_START);
  const { width, height, channels, data } = decode(bytes.subarray(start));
  return { width, height, channels, data: [...data] };
}

const image = (image: DenseArray, layout?: ImageLayout) => picture(encodeImage('t', image, layout));
const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37) % 256);

test("a PNG file is byte for byte what TensorBoard's encoders make of it", () => {
  const { tag, png, payload } = mediaGolden.image;
  expect(toHex(encodePng(tag, Buffer.from(png, 'hex')))).toBe(payload);
});

test('bytes come back as they were, whatever the size and channels', () => {
  const side = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 4 }), (height, width, channels) => {
      const data = bytes(height * width * channels);
      expect(image({ shape: [height, width, channels], data })).toEqual({ width, height, channels, data: [...data] });
    }),
  );
});

test('every layout shows the same picture', () => {
  const hwc = bytes(2 * 3 * 4);
  const chw = Uint8Array.from(hwc, (_, i) => hwc[(i % 6) * 4 + Math.floor(i / 6)]!);
  expect(image({ shape: [4, 2, 3], data: chw }, 'CHW')).toEqual(image({ shape: [2, 3, 4], data: hwc }));
  expect(image({ shape: [4, 6], data: hwc }, 'HW')).toEqual(image({ shape: [4, 6, 1], data: hwc }, 'HWC'));
  expect(image({ shape: [4, 6], data: hwc })).toEqual(image({ shape: [4, 6], data: hwc }, 'HW'));
});

test.each([
  ['floats', Float32Array.of(0, 1, 0.5, -3, 7, Number.NaN)],
  ['doubles', Float64Array.of(0, 1, 0.5, -3, 7, Number.NaN)],
])('%s from 0 to 1 are rounded to 256 levels; others are clamped, NaN is black', (_, data) => {
  expect(image({ shape: [1, 6], data }).data).toEqual([0, 255, 128, 0, 255, 0]);
});

test('each of 256 levels as a float comes back', () => {
  const data = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  expect(image({ shape: [16, 16], data }).data).toEqual(Array.from({ length: 256 }, (_, i) => i));
});

test.each<[string, DenseArray, number[]]>([
  ['plain numbers are fractions', { shape: [1, 3], data: [0, 1, 0.2] }, [0, 255, 51]],
  ['integers are levels', { shape: [1, 3], data: Int32Array.of(0, 255, 7) }, [0, 255, 7]],
  ['clamped bytes are levels', { shape: [1, 2], data: Uint8ClampedArray.of(1, 255) }, [1, 255]],
  ['truth values are black and white', { shape: [1, 2], data: Uint8Array.of(0, 1), dtype: 'bool' }, [0, 255]],
  ['the dtype decides for plain numbers', { shape: [1, 2], data: [0, 200], dtype: 'int32' }, [0, 200]],
  ['plain numbers of a float tensor are clamped', { shape: [1, 2], data: [-1, 2], dtype: 'float32' }, [0, 255]],
])('%s', (_, pixels, expected) => {
  expect(image(pixels).data).toEqual(expected);
});

test("a grid is PyTorch's make_grid", () => {
  const { shape, columns, pixels } = mediaGolden.grid;
  const data = Uint8Array.from({ length: 120 }, (_, i) => i);
  const grid = picture(encodeImageGrid('t', { shape, data }, { layout: 'NCHW', columns }));
  expect(grid).toEqual({ width: 8, height: 6, channels: 3, data: pixels });
});

test.each([
  [1, undefined, 1, 1],
  [8, undefined, 8, 1],
  [9, undefined, 8, 2],
  [9, 3, 3, 3],
  [2, 5, 2, 1],
])('%i pictures in %s columns make a grid of %i x %i', (count, columns, across, down) => {
  const images = { shape: [count, 2, 3], data: bytes(count * 6) };
  const grid = picture(encodeImageGrid('t', images, columns === undefined ? {} : { columns }));
  expect([grid.width, grid.height, grid.channels]).toEqual([across * 3, down * 2, 1]);
});

test('a tensor is read with its dtype', async () => {
  const logDir = temporaryFolder();
  const tensor: TensorLike = { shape: [2, 2], dtype: 'bool', data: async () => Uint8Array.of(0, 1, 1, 0) };
  const writer = new SummaryWriter(logDir);
  await writer.addImage('t', tensor, 1);
  writer.close();
  const file = readFileSync(writer.path);
  expect(picture(file).data).toEqual([0, 255, 255, 0]);
});

const png = Buffer.from(mediaGolden.image.png, 'hex');
const wideAs = (width: number) => {
  const copy = Buffer.from(png);
  copy.writeUInt32BE(width, 16);
  return copy;
};
const pixels = (shape: number[], data: DenseArray['data'] = new Uint8Array(shape.reduce((a, b) => a * b, 1))) => ({
  shape,
  data,
});

const badCalls: [name: string, call: (writer: SummaryWriter) => void, error: typeof TypeError, message: RegExp][] = [
  ['no PNG', (w) => w.addImage('t', bytes(99)), RangeError, /image must be a PNG file, not 99 bytes.*0x00254a6f/],
  ['cut PNG', (w) => w.addImage('t', png.subarray(0, 32)), RangeError, /image must be a PNG file, not 32 bytes/],
  ['PNG without a header', (w) => w.addImage('t', Buffer.concat([PNG_START, bytes(99)])), RangeError, /not 107 bytes/],
  ['width 0', (w) => w.addImage('t', wideAs(0)), RangeError, /not 0 x 2/],
  ['width 2^31', (w) => w.addImage('t', wideAs(2 ** 31)), RangeError, /not 2147483648 x 2/],
  ['5 channels', (w) => w.addImage('t', pixels([2, 2, 5])), RangeError, /image must have 1 to 4 channels, not 5/],
  ['0 channels', (w) => w.addImage('t', pixels([2, 2, 0])), RangeError, /image must have 1 to 4 channels, not 0/],
  ['no pixels', (w) => w.addImage('t', pixels([0, 2, 3])), RangeError, /image must have pixels, not shape \[0,2,3\]/],
  ['one dimension', (w) => w.addImage('t', pixels([4])), RangeError, /image of layout HWC must have 3 dim.*\[4\]/],
  ['layout and shape', (w) => w.addImage('t', pixels([2, 2, 3]), 1, { layout: 'HW' }), RangeError, /layout HW /],
  ['layout', (w) => w.addImage('t', pixels([2, 2]), 1, { layout: 'WH' as never }), TypeError, /layout must.*'WH'/],
  ['layout no string', (w) => w.addImage('t', pixels([2, 2]), 1, { layout: 3 as never }), TypeError, /layout .*not 3/],
  ['shape and data', (w) => w.addImage('t', pixels([2, 2], [1])), RangeError, /image has 1 numbers.*holds 4/],
  ['large integer', (w) => w.addImage('t', pixels([1, 2], Int32Array.of(1, 256))), RangeError, /image.*not 256 at 1/],
  ['negative integer', (w) => w.addImage('t', pixels([1, 1], Int8Array.of(-1))), RangeError, /image.*not -1 at 0/],
  ['plain levels', (w) => w.addImage('t', pixels([1, 2], [0, 200])), RangeError, /0 to 1 .*Uint8Array.*not 200 at 1/],
  ['dtype', (w) => w.addImage('t', { ...pixels([1, 1]), dtype: 'string' }), TypeError, /image\.dtype.*'string'/],
  ['no pictures', (w) => w.addImages('t', pixels([0, 2, 2, 3])), RangeError, /images must have pixels/],
  ['columns 0', (w) => w.addImages('t', pixels([1, 2, 2]), 1, { columns: 0 }), RangeError, /columns .*not 0/],
  ['columns text', (w) => w.addImages('t', pixels([1, 2, 2]), 1, { columns: '3' as never }), TypeError, /columns.*'3'/],
  [
    'one layout for many',
    (w) => w.addImages('t', pixels([1, 2, 2]), 1, { layout: 'HWC' as never }),
    TypeError,
    /layout must be 'NHWC', 'NCHW' or 'NHW', not 'HWC'/,
  ],
];

test.each(badCalls)('%s: refused by name and value, nothing written', (_, call, errorClass, message) => {
  expectRefused(call, errorClass, message);
});
