import * as tf from '@tensorflow/tfjs';

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
