import * as tf from '@tensorflow/tfjs';
import type { Trace } from './traces.js';

type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];

/** What tfjs's optimizers get: the gradients in the order of the variables. */
function listed(gradients: Gradients): { name: string; tensor: tf.Tensor }[] {
  return gradients as { name: string; tensor: tf.Tensor }[];
}

/** SGD that finds the gradients that an earlier fit left behind in front of its first step, as fastxtend's does. */
export class LeakedInto extends tf.SGDOptimizer {
  #leaked: readonly tf.Tensor[];

  constructor(learningRate: number, leaked: readonly tf.Tensor[]) {
    super(learningRate);
    this.#leaked = leaked;
  }

  override applyGradients(gradients: Gradients): void {
    const leaked = this.#leaked;
    this.#leaked = [];
    tf.tidy(() => {
      super.applyGradients(
        listed(gradients).map(({ name, tensor }, at) => ({
          name,
          tensor: at in leaked ? tf.add(tensor, leaked[at]!) : tensor,
        })),
      );
    });
  }
}

interface Moments {
  readonly average: Float64Array;
  readonly square: Float64Array;
}

/** fastai's Adam: weight decay is decoupled, comes first and leaves biases alone; `eps` stands outside the root. */
export class FastaiAdam extends tf.Optimizer {
  static readonly className = 'FastaiAdam';
  readonly learningRate: number;
  readonly #variables: readonly tf.Variable[];
  readonly #hypers: Trace['hypers'];
  readonly #moments: readonly Moments[];
  #step = 0;

  constructor(learningRate: number, variables: readonly tf.Variable[], hypers: Trace['hypers']) {
    super();
    this.learningRate = learningRate;
    this.#variables = variables;
    this.#hypers = hypers;
    this.#moments = variables.map(({ size }) => ({ average: new Float64Array(size), square: new Float64Array(size) }));
  }

  override applyGradients(gradients: Gradients): void {
    this.#step += 1;
    for (const [at, { tensor }] of listed(gradients).entries()) {
      const variable = this.#variables[at]!;
      const next = this.#updated(variable, tensor.dataSync(), this.#moments[at]!);
      tf.tidy(() => variable.assign(tf.tensor(next, variable.shape)));
    }
  }

  #updated(variable: tf.Variable, gradient: ArrayLike<number>, { average, square }: Moments): number[] {
    const { mom, sqr_mom, eps, wd } = this.#hypers;
    const decay = variable.rank > 1 ? 1 - this.learningRate * wd : 1;
    const rate = this.learningRate / (1 - mom ** this.#step);
    return Array.from(variable.dataSync(), (value, at) => {
      average[at] = mom * average[at]! + (1 - mom) * gradient[at]!;
      square[at] = sqr_mom * square[at]! + (1 - sqr_mom) * gradient[at]! ** 2;
      return value * decay - (rate * average[at]!) / (Math.sqrt(square[at]! / (1 - sqr_mom ** this.#step)) + eps);
    });
  }

  override getConfig(): { learningRate: number } {
    return { learningRate: this.learningRate };
  }
}
