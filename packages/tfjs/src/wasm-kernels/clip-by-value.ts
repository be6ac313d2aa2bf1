import * as tf from '@tensorflow/tfjs';

/** Values limited to a range, of any shape; NaN stays NaN. */
export const clipByValue: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x } = inputs as { x: tf.Tensor };
  const { clipValueMin, clipValueMax } = attrs as unknown as tf.ClipByValueAttrs;
  return tf.tidy(() => {
    const [least, most] = [clipValueMin, clipValueMax].map((limit) => tf.scalar(limit, x.dtype));
    return tf.minimum(tf.maximum(x, least!), most!);
  });
};

/**
 * Whether the current backend's own kernel leaves NaN as it is. The wasm backend's makes the lower limit of it, so that the
 * crossentropies, which clip, tell a finite loss of a model whose weights are NaN.
 */
export function isClipByValueRight(): boolean {
  return tf.tidy(() => Number.isNaN(tf.clipByValue([Number.NaN], 0, 1).dataSync()[0]));
}
