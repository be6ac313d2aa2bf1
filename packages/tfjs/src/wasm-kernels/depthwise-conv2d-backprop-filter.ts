import * as tf from '@tensorflow/tfjs';
import { filterGradientGeometry } from './filter-gradient-geometry.js';

/**
 * The gradient of a depthwise convolution's filter, [height, width, in, multiplier], from its input [batch, height, width,
 * in] and the gradient of its output [batch, height, width, in · multiplier]: a depthwise convolution of the one with the
 * other, in which each image's channels are channels of their own, summed over the images.
 */
export const depthwiseConv2dNativeBackpropFilter: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
  const { strides, dilations, pad, dimRoundingMode, filterShape } =
    attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, dilations, pad, dimRoundingMode, true);
  if (dy.size === 0) return tf.zeros(filterShape);
  const [height, width, channels, multiplier] = filterShape;
  const { batchSize, inHeight, inWidth, outHeight, outWidth } = info;
  const each = batchSize * channels;
  return tf.tidy(() => {
    const images = tf.reshape<tf.Rank.R4>(tf.transpose(x, [1, 2, 0, 3]), [1, inHeight, inWidth, each]);
    const filters = tf.reshape<tf.Rank.R4>(tf.transpose(dy, [1, 2, 0, 3]), [outHeight, outWidth, each, multiplier]);
    const geometry = filterGradientGeometry(info);
    const whole = tf.depthwiseConv2d(images, filters, geometry.strides, geometry.pad, 'NHWC', geometry.dilations);
    const ofEach = tf.slice(whole, [0, 0, 0, 0], [1, height, width, each * multiplier]);
    return tf.sum(tf.reshape(ofEach, [height, width, batchSize, channels, multiplier]), 2);
  });
};
