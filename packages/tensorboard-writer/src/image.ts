import { inspect } from 'node:util';
import { encode } from 'fast-png';
import { assertInteger } from './arguments.js';
import type { DenseArray } from './numeric-input.js';
import { arrange, type ImageLayout, type ImagesLayout, type Pixels, readPictures } from './pixels.js';
import { LARGEST_SIDE, readPngSize } from './png.js';
import { tensorSummary } from './summary-value.js';
import { stringTensor } from './tensor-proto.js';

const IMAGE_LAYOUTS: readonly unknown[] = ['HWC', 'CHW', 'HW'] satisfies ImageLayout[];
/** Every `ImagesLayout`. */
export const IMAGES_LAYOUTS: readonly unknown[] = ['NHWC', 'NCHW', 'NHW'] satisfies ImagesLayout[];

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
  assertLayout('layout', chosen, IMAGE_LAYOUTS);
  return encodePng(tag, encodePixels(arrange('image', readPictures('image', image, chosen), 1, 1)));
}

/**
 * Several pictures as one, like PyTorch's `make_grid` (torch/utils/tensorboard/_utils.py), but with as many
 * channels as they have. `layout` is NHWC, or NHW for three dimensions, where it is left out; `columns` is 8.
 */
export function encodeImageGrid(
  tag: string,
  images: DenseArray,
  { layout, columns = 8 }: { readonly layout?: ImagesLayout; readonly columns?: number },
): Uint8Array {
  const chosen = layout ?? (images.shape.length === 3 ? 'NHW' : 'NHWC');
  assertLayout('layout', chosen, IMAGES_LAYOUTS);
  assertInteger('columns', columns, 1, LARGEST_SIDE);
  const pictures = readPictures('images', images, chosen);
  const across = Math.min(pictures.count, columns);
  return encodePng(tag, encodePixels(arrange('images', pictures, across, Math.ceil(pictures.count / across))));
}

/** The bytes of a PNG file. */
export function encodePixels(pixels: Pixels): Uint8Array {
  return encode({ ...pixels, depth: 8 });
}

/** Refuses what is no layout. */
export function assertLayout(name: string, layout: unknown, known: readonly unknown[]): void {
  if (known.includes(layout)) return;
  const error = typeof layout === 'string' ? RangeError : TypeError;
  throw new error(`${name} must be ${known.join(', ')}, not ${inspect(layout)}`);
}
