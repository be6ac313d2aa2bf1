import type { backend_util } from '@tensorflow/tfjs';

/** Zeros around batch, height, width and channels, as `tf.conv2d` takes them. */
export type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

/**
 * How to convolve a convolution's input with the gradient of its output. The gradient of a filter is
 * `dW[r, c] = Σ x[y · stride + r · dilation − top, …] · dy[y, …]`: a convolution of `x` with `dy` as the filter, in which
 * strides and dilations have changed places.
 */
export interface FilterGradientGeometry {
  readonly pad: ExplicitPadding;
  readonly strides: [number, number];
  readonly dilations: [number, number];
}

/**
 * The geometry for a convolution as `computeConv2DInfo` describes it. What it gives is at least as high and wide as the
 * filter, and larger where the convolution leaves the input's last rows or columns unread: the rest is to be cut off.
 */
export function filterGradientGeometry(info: backend_util.Conv2DInfo): FilterGradientGeometry {
  const { top, left } = info.padInfo;
  const lastRow = (info.outHeight - 1) * info.strideHeight + info.effectiveFilterHeight - top;
  const lastColumn = (info.outWidth - 1) * info.strideWidth + info.effectiveFilterWidth - left;
  return {
    pad: [
      [0, 0],
      [top, Math.max(lastRow - info.inHeight, 0)],
      [left, Math.max(lastColumn - info.inWidth, 0)],
      [0, 0],
    ],
    strides: [info.dilationHeight, info.dilationWidth],
    dilations: [info.strideHeight, info.strideWidth],
  };
}
