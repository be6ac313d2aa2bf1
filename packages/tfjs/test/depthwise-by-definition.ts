import * as tf from '@tensorflow/tfjs';
import type { Convolution } from './wasm-kernels-support.js';

/**
 * The gradients of a depthwise convolution as its definition gives them, in float64: y[b, i, j, c·M + m] = Σ x[b, i·stride +
 * r·dilation − top, …, c] · w[r, s, c, m]. The cpu backend's kernels leave dilations out of the indices.
 */
export function depthwiseGradients(
  { xShape, filterShape, strides, dilations, pad, dimRoundingMode }: Convolution,
  { x, filter, dy }: Readonly<Record<'x' | 'filter' | 'dy', ArrayLike<number>>>,
): { ofInput: number[]; ofFilter: number[] } {
  const info = tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, dilations, pad, dimRoundingMode, true);
  const ofInput = new Array<number>(x.length).fill(0);
  const ofFilter = new Array<number>(filter.length).fill(0);
  const [height, width, channels, multiplier] = filterShape;
  for (let at = 0; at < dy.length; at++) {
    const last = at % (channels * multiplier);
    const channel = Math.floor(last / multiplier);
    const pixel = (at - last) / (channels * multiplier);
    const [image, row, column] = [
      Math.floor(pixel / (info.outWidth * info.outHeight)),
      Math.floor(pixel / info.outWidth) % info.outHeight,
      pixel % info.outWidth,
    ];
    for (let r = 0; r < height; r++) {
      for (let s = 0; s < width; s++) {
        const xRow = row * strides[0] + r * dilations[0] - info.padInfo.top;
        const xColumn = column * strides[1] + s * dilations[1] - info.padInfo.left;
        if (xRow < 0 || xRow >= info.inHeight || xColumn < 0 || xColumn >= info.inWidth) continue;
        const inX = ((image * info.inHeight + xRow) * info.inWidth + xColumn) * channels + channel;
        const inFilter = (r * width + s) * channels * multiplier + last;
        ofInput[inX]! += dy[at]! * filter[inFilter]!;
        ofFilter[inFilter]! += dy[at]! * x[inX]!;
      }
    }
  }
  return { ofInput, ofFilter };
}
