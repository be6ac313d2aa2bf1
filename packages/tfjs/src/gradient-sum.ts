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
  /** In the variables' order; still owned by the sum. */
  named(): readonly NamedGradient[];
  /** Disposes the sum: the next `add` begins a new one. */
  clear(): void;
}

export function createGradientSum(variables: readonly tf.Variable[]): GradientSum {
  const sums: (tf.Tensor | undefined)[] = variables.map(() => undefined);
  return {
    add(gradients) {
      ownTensors(gradients).forEach((gradient, position) => {
        if (gradient === undefined) return;
        const sum = sums[position];
        sums[position] = sum === undefined ? tf.keep(gradient) : replace(sum, tf.add(sum, gradient));
        if (sum !== undefined) gradient.dispose();
      });
    },
    multiply(factor) {
      sums.forEach((sum, position) => {
        if (sum !== undefined) sums[position] = replace(sum, tf.mul(sum, factor));
      });
    },
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
