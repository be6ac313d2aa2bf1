import * as tf from '@tensorflow/tfjs';

/**
 * The gradient of max pooling's input, [batch, height, width, channels]: each output's gradient goes to the first of its
 * window's largest values.
 */
export const maxPoolGrad: tf.KernelFunc = ({ inputs, attrs }) => {
  const { dy, input } = inputs as { dy: tf.Tensor4D; input: tf.Tensor4D };
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolGradAttrs;
  const info = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const [values, gradients] = [input.dataSync(), dy.dataSync()];
  const sums = new Float32Array(input.size);
  const { outHeight, outWidth, inChannels } = info;
  const window = createWindow(values, info);
  let from = 0;
  for (let image = 0; image < info.batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++, from += inChannels) {
        const largest = window(image, row, column);
        for (let channel = 0; channel < inChannels; channel++) {
          if (largest[channel]! >= 0) sums[largest[channel]!]! += gradients[from + channel]!;
        }
      }
    }
  }
  return tf.tensor(sums, input.shape);
};

/** Finds where each channel of an output's window is largest, -1 where nothing is: the padding never is. */
function createWindow(values: ArrayLike<number>, info: tf.backend_util.Conv2DInfo) {
  const { inHeight, inWidth, inChannels, padInfo } = info;
  const largest = new Float32Array(inChannels);
  const positions = new Int32Array(inChannels);
  return (image: number, row: number, column: number): Int32Array => {
    largest.fill(Number.NEGATIVE_INFINITY);
    positions.fill(-1);
    const [top, left] = [row * info.strideHeight - padInfo.top, column * info.strideWidth - padInfo.left];
    const [bottom, right] = [Math.min(top + info.filterHeight, inHeight), Math.min(left + info.filterWidth, inWidth)];
    for (let y = Math.max(top, 0); y < bottom; y++) {
      for (let x = Math.max(left, 0); x < right; x++) {
        const pixel = ((image * inHeight + y) * inWidth + x) * inChannels;
        for (let channel = 0; channel < inChannels; channel++) {
          if (!(values[pixel + channel]! > largest[channel]!)) continue;
          largest[channel] = values[pixel + channel]!;
          positions[channel] = pixel + channel;
        }
      }
    }
    return positions;
  };
}

/**
 * Whether the current backend's own kernel finds the largest of values that are all negative. The wasm backend's takes
 * the smallest positive number for the smallest one, and the gradient of a window without a positive value is lost.
 */
export function isMaxPoolGradRight(): boolean {
  return tf.tidy(() => {
    const [input, output, dy] = [[-2, -1], [-1], [1]].map((row) => tf.tensor(row, [1, 1, row.length, 1]));
    const attrs = { filterSize: [1, 2], strides: [1, 2], pad: 'valid' };
    const gradient = tf.engine().runKernel(tf.MaxPoolGrad, { dy: dy!, input: input!, output: output! }, attrs);
    return (gradient as tf.Tensor).dataSync()[1] === 1;
  });
}
