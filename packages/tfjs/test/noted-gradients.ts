import * as tf from '@tensorflow/tfjs';

/** The gradient of the mean cross-entropy over all samples at once, flat. */
export function fullBatchGradient(model: tf.LayersModel, { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor }): number[] {
  const loss = () => tf.losses.softmaxCrossEntropy(ys, tf.log(model.apply(xs) as tf.Tensor)) as tf.Scalar;
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return tf.tidy(() => {
    const { grads } = tf.variableGrads(loss, variables);
    return variables.flatMap(({ name }) => [...grads[name]!.dataSync()]);
  });
}

/** An optimizer that only notes the gradients that it is given. */
export class NotingOptimizer extends tf.SGDOptimizer {
  readonly noted: number[][] = [];
  override applyGradients(gradients: { name: string; tensor: tf.Tensor }[]): void {
    this.noted.push(gradients.flatMap(({ tensor }) => [...tensor.dataSync()]));
  }
}
