import * as tf from '@tensorflow/tfjs';

/** One tensor of something that is saved and restored. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

/** One copy of a model's variables, as they were at its best. */
export interface BestWeights {
  /** Copies the variables as they are, in place of the copy before. */
  keep(): void;
  /** Gives the variables the values of the copy; without effect where there is none. */
  restore(): void;
  /** The copy, in the variables' order, still owned by this; empty where there is none. */
  named(): readonly NamedTensor[];
  /** Takes a copy that `named` gave, whose tensors stay the caller's. Throws a `RangeError` where it is of another model. */
  load(saved: readonly NamedTensor[]): void;
  dispose(): void;
}

export function createBestWeights(variables: readonly tf.Variable[]): BestWeights {
  let copies: tf.Tensor[] = [];

  function replace(tensors: readonly tf.Tensor[]): void {
    // A clone shares its values until the variable is assigned others.
    const cloned = tensors.map((tensor) => tf.keep(tf.clone(tensor)));
    tf.dispose(copies);
    copies = cloned;
  }

  return {
    keep: () => replace(variables),
    restore() {
      copies.forEach((copy, position) => {
        variables[position]!.assign(copy);
      });
    },
    named: () => copies.map((tensor, position) => ({ name: variables[position]!.name, tensor })),
    load(saved) {
      const fits =
        saved.length === variables.length &&
        saved.every(({ tensor }, position) => tf.util.arraysEqual(tensor.shape, variables[position]!.shape));
      if (!fits && saved.length > 0) {
        throw new RangeError(`the best weights to restore are ${saved.length} tensors of another model`);
      }
      replace(saved.map(({ tensor }) => tensor));
    },
    dispose() {
      tf.dispose(copies);
      copies = [];
    },
  };
}
