import { inspect } from 'node:util';
import type { DenseArray } from './numeric-input.js';
import { LARGEST_SIDE } from './png.js';

/** How one picture's numbers lie: height, width, channels. */
export type ImageLayout = 'HWC' | 'CHW' | 'HW';
/** How several pictures' numbers lie. */
export type ImagesLayout = 'NHWC' | 'NCHW' | 'NHW';

/** A picture, row by row, with the channels of a pixel together. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA. */
  readonly channels: number;
  readonly data: Uint8ClampedArray;
}

/** Pictures of one size, as their layout says. */
export interface Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly strides: Readonly<Record<'N' | 'H' | 'W' | 'C', number>>;
  readonly data: DenseArray['data'];
  /** 255 where the numbers are fractions of full brightness. */
  readonly scale: 1 | 255;
}

/** Checks pictures. Throws a `TypeError` or `RangeError` that names the argument. */
export function readPictures(name: string, images: DenseArray, layout: ImageLayout | ImagesLayout): Pictures {
  const { shape, data } = images;
  if (shape.length !== layout.length) {
    throw new RangeError(`${name} of layout ${layout} must have ${layout.length} dimensions, not shape [${shape}]`);
  }
  const [count, height, width, channels] = ['N', 'H', 'W', 'C'].map((axis) => sizeOf(shape, layout, axis));
  const pictures = { count: count!, height: height!, width: width!, channels: channels! };
  if (pictures.channels < 1 || pictures.channels > 4) {
    throw new RangeError(`${name} must have 1 to 4 channels, not ${channels}: shape [${shape}] as ${layout}`);
  }
  if (pictures.count === 0 || pictures.height === 0 || pictures.width === 0) {
    throw new RangeError(`${name} must have pixels, not shape [${shape}] as ${layout}`);
  }
  const stride = (axis: string) => strideOf(shape, layout, axis);
  const strides = { N: stride('N'), H: stride('H'), W: stride('W'), C: stride('C') };
  return { ...pictures, strides, data, scale: scaleOf(name, images) };
}

/**
 * Lays pictures out in rows of `columns`, without gaps; what the last row lacks stays black, or transparent with alpha.
 * Numbers that are fractions of full brightness are rounded to the nearest of 256 levels, and clamped; NaN is black.
 */
export function arrange(name: string, pictures: Pictures, columns: number, rows: number): Pixels {
  const { count, channels, strides, data, scale } = pictures;
  const width = columns * pictures.width;
  const height = rows * pictures.height;
  if (width > LARGEST_SIDE || height > LARGEST_SIDE) {
    throw new RangeError(`${name} must make a picture of at most 2^31 - 1 pixels a side, not ${width} x ${height}`);
  }
  const pixels = new Uint8ClampedArray(height * width * channels);
  for (let n = 0; n < count; n += 1) {
    const top = Math.floor(n / columns) * pictures.height;
    const left = (n % columns) * pictures.width;
    for (let y = 0; y < pictures.height; y += 1) {
      let to = ((top + y) * width + left) * channels;
      const row = n * strides.N + y * strides.H;
      for (let x = 0; x < pictures.width; x += 1) {
        const from = row + x * strides.W;
        for (let c = 0; c < channels; c += 1) {
          pixels[to] = data[from + c * strides.C]! * scale;
          to += 1;
        }
      }
    }
  }
  return { width, height, channels, data: pixels };
}

function sizeOf(shape: readonly number[], layout: string, axis: string): number {
  const at = layout.indexOf(axis);
  return at === -1 ? 1 : shape[at]!;
}

function strideOf(shape: readonly number[], layout: string, axis: string): number {
  const at = layout.indexOf(axis);
  return at === -1 ? 0 : shape.slice(at + 1).reduce((product, length) => product * length, 1);
}

function scaleOf(name: string, { data, dtype }: DenseArray): 1 | 255 {
  if (dtype === undefined && Array.isArray(data)) {
    assertEach(
      name,
      data,
      (value) => !(value < 0 || value > 1),
      'plain numbers must be from 0 to 1 (0 to 255 comes in a Uint8Array)',
    );
    return 255;
  }
  if (dtype === undefined ? data instanceof Float32Array || data instanceof Float64Array : FRACTIONS.test(dtype)) {
    return 255;
  }
  if (dtype !== undefined && !INTEGERS.test(dtype)) {
    throw new TypeError(`${name}.dtype must be a float, integer or bool type, not ${inspect(dtype)}`);
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    assertEach(
      name,
      data,
      (value) => Number.isInteger(value) && value >= 0 && value <= 255,
      'integers must be from 0 to 255',
    );
  }
  return 1;
}

const FRACTIONS = /^(bool|b?float(16|32|64))$/;
const INTEGERS = /^u?int(8|16|32)$/;

function assertEach(name: string, data: DenseArray['data'], isFine: (value: number) => boolean, rule: string): void {
  for (let at = 0; at < data.length; at += 1) {
    if (!isFine(data[at]!)) throw new RangeError(`${name}: ${rule}, not ${data[at]} at ${at}`);
  }
}
