import * as tf from '@tensorflow/tfjs';

/** The value of `loss` and its gradient, flat, in the order of the variables. */
export function fullBatch(
  loss: () => tf.Tensor,
  variables: readonly tf.Variable[],
): { loss: number; gradient: number[] } {
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(loss as () => tf.Scalar, [...variables]);
    return { loss: value.dataSync()[0]!, gradient: variables.flatMap(({ name }) => [...grads[name]!.dataSync()]) };
  });
}

/** The trainable variables of a model, in its order. */
export function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** The gradient of a model's mean cross-entropy over all samples at once, flat. */
export function fullBatchGradient(model: tf.LayersModel, { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor }): number[] {
  return fullBatch(() => tf.losses.softmaxCrossEntropy(ys, tf.log(model.apply(xs) as tf.Tensor)), variablesOf(model))
    .gradient;
}

/** Cuts the tensors of a structure into those of batches of these sizes. */
export function cut<T extends Record<string, tf.Tensor | tf.Tensor[]>>(data: T, sizes: readonly number[]): T[] {
  const parts = Object.entries(data).map(([name, value]) => {
    const tensors = Array.isArray(value) ? value : [value];
    return { name, list: Array.isArray(value), cut: tensors.map((tensor) => tf.split(tensor, [...sizes])) };
  });
  return sizes.map(
    (_, at) =>
      Object.fromEntries(
        parts.map(({ name, list, cut }) => [name, list ? cut.map((pieces) => pieces[at]!) : cut[0]![at]!]),
      ) as T,
  );
}
