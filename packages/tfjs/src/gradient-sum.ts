import * as tf from '@tensorflow/tfjs';

/** A variable's gradient; null where no loss depended on it. */
export interface NamedGradient {
  readonly name: string;
  readonly tensor: tf.Tensor | null;
}

/** The gradient of the window that is open: one tensor a variable. */
export interface GradientSum {
  /** Adds a micro-batch's gradients, by position, and disposes them. */
  add(gradients: readonly (tf.Tensor | undefined)[]): void;
  multiply(factor: number): void;
  /** Puts what `change` returns in each tensor's place, one after the other; the same tensor leaves it. */
  replaceEach(change: (gradient: tf.Tensor, position: number) => tf.Tensor): void;
  /** In the variables' order; still owned by the sum. */
  named(): readonly NamedGradient[];
  /** Disposes the sum: the next `add` begins a new one. */
  clear(): void;
}

export function createGradientSum(variables: readonly tf.Variable[]): GradientSum {
  const sums: (tf.Tensor | undefined)[] = variables.map(() => undefined);

  function replaceEach(change: (gradient: tf.Tensor, position: number) => tf.Tensor): void {
    sums.forEach((sum, position) => {
      if (sum === undefined) return;
      const changed = tf.tidy(() => change(sum, position));
      if (changed !== sum) sums[position] = replace(sum, changed);
    });
  }

  return {
    add(gradients) {
      ownTensors(gradients).forEach((gradient, position) => {
        if (gradient === undefined) return;
        const sum = sums[position];
        sums[position] = sum === undefined ? tf.keep(gradient) : replace(sum, tf.add(sum, gradient));
        if (sum !== undefined) gradient.dispose();
      });
    },
    multiply: (factor) => replaceEach((sum) => tf.mul(sum, factor)),
    replaceEach,
    named: () => variables.map(({ name }, position) => ({ name, tensor: sums[position] ?? null })),
    clear() {
      tf.dispose(sums.filter((sum) => sum !== undefined));
      sums.fill(undefined);
    },
  };
}

/** A gradient function may give several variables one tensor, which each sum would keep and dispose. */
function ownTensors(gradients: readonly (tf.Tensor | undefined)[]): readonly (tf.Tensor | undefined)[] {
  const taken = new Set<tf.Tensor>();
  return gradients.map((gradient) => {
    if (gradient === undefined) return undefined;
    if (taken.has(gradient)) return gradient.clone();
    taken.add(gradient);
    return gradient;
  });
}

function replace(before: tf.Tensor, after: tf.Tensor): tf.Tensor {
  before.dispose();
  return tf.keep(after);
}
