import * as tf from '@tensorflow/tfjs';
import { initialWeights, type Trace } from './traces.js';

/** The recorded model with its initial weights: Linear(4, 1), or Linear(4, 3), Tanh, Linear(3, 1). */
export function initialModel(kind: Trace['config']['model']): tf.Sequential {
  const hidden = tf.layers.dense({ units: 3, activation: 'tanh', inputShape: [4] });
  const output = tf.layers.dense({ units: 1, inputShape: [4] });
  const model = tf.sequential({ layers: kind === 'linear' ? [output] : [hidden, tf.layers.dense({ units: 1 })] });
  const tensors = initialWeights[kind].map((values) =>
    Array.isArray(values[0]) ? tf.transpose(tf.tensor2d(values as number[][])) : tf.tensor1d(values as number[]),
  );
  model.setWeights(tensors);
  return model;
}

/** A model's parameters flat, as torch's `parameters()` gives them: a kernel as [outputs, inputs], then its bias. */
export function torchWeights(model: tf.LayersModel): number[] {
  return model.getWeights().flatMap((weight) => torchOrder(weight));
}

function torchOrder(weight: tf.Tensor): number[] {
  return tf.tidy(() => [...(weight.rank === 2 ? tf.transpose(weight) : weight).dataSync()]);
}

/** Cuts a flat list in torch's order into tensors of the shapes that the model's parameters have here. */
export function fromTorch(model: tf.LayersModel, flat: readonly number[]): tf.Tensor[] {
  let from = 0;
  return model.getWeights().map(({ shape, size }) => {
    const values = flat.slice(from, from + size);
    from += size;
    return shape.length === 2 ? tf.transpose(tf.tensor2d(values, [shape[1]!, shape[0]!])) : tf.tensor1d(values);
  });
}
