import { encode } from 'fast-png';
import { assertInteger, assertOneOf } from './arguments.js';
import type { DenseArray } from './numeric-input.js';
import { arrange, type ImageLayout, type ImagesLayout, type Pictures, type Pixels, readPictures } from './pixels.js';
import { LARGEST_SIDE, readPngSize } from './png.js';
import { tensorSummary } from './summary-value.js';
import { stringTensor } from './tensor-proto.js';

const IMAGE_LAYOUTS: readonly ImageLayout[] = ['HWC', 'CHW', 'HW'];
const IMAGES_LAYOUTS: readonly ImagesLayout[] = ['NHWC', 'NCHW', 'NHW'];

/**
 * A PNG file as the images plugin stores it: the strings width, height, file (tensorboard/plugins/image/summary_v2.py).
 * Throws a `RangeError` where it is none.
 */
export function encodePng(tag: string, png: Uint8Array): Uint8Array {
  const { width, height } = readPngSize('image', png);
  const strings = [Buffer.from(String(width)), Buffer.from(String(height)), png];
  return tensorSummary(tag, stringTensor([3], strings), { plugin: 'images', dataClass: 'blobSequence' });
}

/** Pixels as a PNG file. `layout` is HWC, or HW for two dimensions, where it is left out. */
export function encodeImage(tag: string, image: DenseArray, layout: ImageLayout | undefined): Uint8Array {
  const chosen = layout ?? (image.shape.length === 2 ? 'HW' : 'HWC');
  assertOneOf('layout', chosen, IMAGE_LAYOUTS);
  return encodePng(tag, encodePixels(arrange('image', readPictures('image', image, chosen), 1, 1)));
}

/**
 * Several pictures as one, like PyTorch's `make_grid` (torch/utils/tensorboard/_utils.py), but with as many
 * channels as they have. `layout` is as in `readImages`; `columns` is 8.
 */
export function encodeImageGrid(
  tag: string,
  images: DenseArray,
  { layout, columns = 8 }: { readonly layout?: ImagesLayout; readonly columns?: number },
): Uint8Array {
  assertInteger('columns', columns, 1, LARGEST_SIDE);
  const pictures = readImages('images', images, 'layout', layout);
  const across = Math.min(pictures.count, columns);
  return encodePng(tag, encodePixels(arrange('images', pictures, across, Math.ceil(pictures.count / across))));
}

/** The bytes of a PNG file. */
export function encodePixels(pixels: Pixels): Uint8Array {
  return encode({ ...pixels, depth: 8 });
}

/**
 * Checks several pictures; `layout`, the argument `layoutName`, is NHWC, or NHW for three dimensions, where it is left
 * out. Throws a `TypeError` or `RangeError` that names the argument.
 */
export function readImages(
  name: string,
  images: DenseArray,
  layoutName: string,
  layout: ImagesLayout | undefined,
): Pictures {
  const chosen = layout ?? (images.shape.length === 3 ? 'NHW' : 'NHWC');
  assertOneOf(layoutName, chosen, IMAGES_LAYOUTS);
  return readPictures(name, images, chosen);
}
