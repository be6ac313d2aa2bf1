import * as tf from '@tensorflow/tfjs';

/** Every optimizer of tfjs, made with a learning rate. */
export const optimizers: Readonly<Record<string, (learningRate: number) => tf.Optimizer>> = {
  sgd: (rate) => tf.train.sgd(rate),
  momentum: (rate) => tf.train.momentum(rate, 0.9),
  nesterov: (rate) => tf.train.momentum(rate, 0.9, true),
  adagrad: (rate) => tf.train.adagrad(rate),
  adadelta: (rate) => tf.train.adadelta(rate),
  adam: (rate) => tf.train.adam(rate),
  adamax: (rate) => tf.train.adamax(rate),
  rmsprop: (rate) => tf.train.rmsprop(rate, 0.9, 0.5),
  'rmsprop, centered': (rate) => tf.train.rmsprop(rate, 0.9, 0.5, 1e-20, true),
};

/** The gradients of one step, by position of the variable. */
export type NotedGradients = readonly { readonly name: string; readonly values: readonly number[] }[];

/** Notes what an optimizer is given at each step, which it then does. */
export function noteGradients(optimizer: tf.Optimizer): NotedGradients[] {
  const noted: NotedGradients[] = [];
  const apply = optimizer.applyGradients.bind(optimizer);
  optimizer.applyGradients = (gradients) => {
    const list = gradients as { name: string; tensor: tf.Tensor | null }[];
    noted.push(list.map(({ name, tensor }) => ({ name, values: tensor === null ? [] : [...tensor.dataSync()] })));
    apply(gradients);
  };
  return noted;
}
