import * as tf from '@tensorflow/tfjs';
import { filterGradientGeometry } from './filter-gradient-geometry.js';

/**
 * XNNPACK adds in float32, one after the other. Of so many terms a sum is off by 4e-6, of a million, where none is negative,
 * by 1e-4: so images are taken in groups that have no more, one image at least.
 */
const MAX_TERMS = 2 ** 16;

/**
 * The gradient of a convolution's filter, [height, width, in, out], from its input [batch, height, width, in] and the
 * gradient of its output [batch, height, width, out]: a convolution of the one with the other, in which channels stand for
 * the batch. Throws an `Error` for `NCHW`, which the wasm backend's convolution refuses too.
 */
export const conv2DBackpropFilter: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  if (dataFormat !== 'NHWC') {
    throw new Error(`${tf.Conv2DBackpropFilter} on the wasm backend does not support the data format ${dataFormat}`);
  }
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  if (dy.size === 0) return tf.zeros(filterShape);
  return tf.tidy(() => {
    const images = Math.max(Math.floor(MAX_TERMS / (info.outHeight * info.outWidth)), 1);
    if (images >= info.batchSize) return ofImages(x, dy, info);
    const sizes = chunks(info.batchSize, images);
    const [xs, dys] = [tf.split(x, sizes), tf.split(dy, sizes)];
    return tf.addN(sizes.map((_, at) => ofImages(xs[at] as tf.Tensor4D, dys[at] as tf.Tensor4D, info)));
  });
};

function ofImages(x: tf.Tensor4D, dy: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  const { pad, strides, dilations } = filterGradientGeometry(info);
  const [height, width, inChannels, outChannels] = info.filterShape;
  const [channelsAsBatch, imagesAsChannels] = [tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3])];
  const whole = tf.conv2d(channelsAsBatch, imagesAsChannels, strides, pad, 'NHWC', dilations);
  const gradient = tf.slice(whole, [0, 0, 0, 0], [inChannels, height, width, outChannels]);
  return tf.transpose(gradient, [1, 2, 0, 3]);
}

function chunks(total: number, size: number): number[] {
  const count = Math.ceil(total / size);
  return Array.from({ length: count }, (_, at) => Math.min(size, total - at * size));
}
