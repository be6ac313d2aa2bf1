import * as tf from '@tensorflow/tfjs';

/**
 * The gradient of a depthwise convolution's input, [batch, height, width, in], from the gradient of its output [batch,
 * height, width, in · multiplier] and its filter [height, width, in, multiplier]: a depthwise convolution of the output's
 * gradient, with zeros where the strides skipped, with the filter turned by half a turn.
 */
export const depthwiseConv2dNativeBackpropInput: tf.KernelFunc = ({ inputs, attrs }) => {
  const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
  const { strides, dilations, pad, dimRoundingMode, inputShape } =
    attrs as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs;
  const { shape } = filter;
  const info = tf.backend_util.computeConv2DInfo(inputShape, shape, strides, dilations, pad, dimRoundingMode, true);
  if (dy.size === 0) return tf.zeros(inputShape);
  const { inHeight, inWidth, padInfo, effectiveFilterHeight, effectiveFilterWidth } = info;
  const [height, width, channels, multiplier] = shape;
  return tf.tidy(() => {
    const spread = spreadOut(dy, info.strideHeight, info.strideWidth);
    const rows = margins(spread.shape[1], inHeight, effectiveFilterHeight, padInfo.top);
    const columns = margins(spread.shape[2], inWidth, effectiveFilterWidth, padInfo.left);
    // Every output lay in the padding.
    if (nothingLeft(spread.shape[1], rows) || nothingLeft(spread.shape[2], columns)) return tf.zeros(inputShape);
    const turned = tf.reshape<tf.Rank.R4>(tf.reverse(filter, [0, 1]), [height, width, channels * multiplier, 1]);
    const gradients = tf.depthwiseConv2d(
      cut(spread, rows, columns),
      turned,
      1,
      [[0, 0], zeros(rows), zeros(columns), [0, 0]],
      'NHWC',
      [info.dilationHeight, info.dilationWidth],
    );
    if (multiplier === 1) return gradients;
    return tf.sum(tf.reshape(gradients, [info.batchSize, inHeight, inWidth, channels, multiplier]), 4);
  });
};

/** Follows each row by `strideHeight − 1` rows of zeros, and columns likewise. */
function spreadOut(dy: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [batch, height, width, channels] = dy.shape;
  const shape: [number, number, number, number] = [batch, height * strideHeight, width * strideWidth, channels];
  // Both by padding rows of a matrix, which the wasm backend copies whole; with more dimensions it is 20 times slower.
  const columns = padRows(tf.reshape(dy, [batch * height * width, channels]), (strideWidth - 1) * channels);
  const row = shape[2] * channels;
  return tf.reshape(padRows(tf.reshape(columns, [batch * height, row]), (strideHeight - 1) * row), shape);
}

function padRows(matrix: tf.Tensor2D, zeros: number): tf.Tensor2D {
  if (zeros === 0) return matrix;
  return tf.pad(matrix, [
    [0, 0],
    [0, zeros],
  ]);
}

type Margins = readonly [before: number, after: number];

/** How much longer the side must be at its ends, for the convolution to give `wanted`; negative where shorter. */
function margins(side: number, wanted: number, filter: number, padBefore: number): Margins {
  const before = filter - 1 - padBefore;
  return [before, wanted + filter - 1 - side - before];
}

function zeros([before, after]: Margins): [number, number] {
  return [Math.max(before, 0), Math.max(after, 0)];
}

function nothingLeft(side: number, margins: Margins): boolean {
  return side <= cutOff(margins[0]) + cutOff(margins[1]);
}

function cut(x: tf.Tensor4D, rows: Margins, columns: Margins): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [top, left] = [cutOff(rows[0]), cutOff(columns[0])];
  const [rowsLeft, columnsLeft] = [height - top - cutOff(rows[1]), width - left - cutOff(columns[1])];
  if (rowsLeft === height && columnsLeft === width) return x;
  return tf.slice(x, [0, top, left, 0], [batch, rowsLeft, columnsLeft, channels]);
}

function cutOff(margin: number): number {
  return Math.max(-margin, 0);
}
