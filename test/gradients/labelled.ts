import * as tf from '@tensorflow/tfjs';

tf.enableProdMode();
await tf.setBackend('cpu');

/** An optimizer that leaves the weights alone and notes the gradients that it is given, flat. */
export class NotingOptimizer extends tf.SGDOptimizer {
  readonly noted: number[][] = [];

  constructor() {
    super(1);
  }

  override applyGradients(gradients: { name: string; tensor: tf.Tensor }[]): void {
    this.noted.push(gradients.flatMap(({ tensor }) => [...tensor.dataSync()]));
  }
}

/** The gradient of `loss`, flat, in the order of the variables. */
export function gradientOf(loss: () => tf.Tensor, variables: readonly tf.Variable[]): number[] {
  return tf.tidy(() => {
    const { grads } = tf.variableGrads(loss as () => tf.Scalar, [...variables]);
    return variables.flatMap(({ name }) => [...grads[name]!.dataSync()]);
  });
}

/** The trainable variables of a model, in its order. */
export function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** |a - b| / |b|, Euclidean. */
export function relativeError(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values against ${expected.length}`);
  return Math.hypot(...actual.map((value, at) => value - expected[at]!)) / Math.hypot(...expected);
}

/** Inputs of any shape and one-hot targets of 3 classes, which the seed alone decides. */
export function labelled(samples: number, shape: readonly number[], seed: number): { xs: tf.Tensor; ys: tf.Tensor2D } {
  const xs = tf.randomNormal([samples, ...shape], 0, 1, 'float32', seed);
  const labels = Array.from({ length: samples }, (_, at) => (at * 7 + seed) % 3);
  return { xs, ys: tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 3).toFloat()) as tf.Tensor2D };
}

/** Cuts data into batches of these sizes. */
export function cut(
  data: { xs: tf.Tensor; ys: tf.Tensor },
  sizes: readonly number[],
): { xs: tf.Tensor; ys: tf.Tensor }[] {
  const [xs, ys] = [tf.split(data.xs, [...sizes]), tf.split(data.ys, [...sizes])];
  return sizes.map((_, at) => ({ xs: xs[at]!, ys: ys[at]! }));
}
