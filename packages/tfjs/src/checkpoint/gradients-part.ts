import type * as tf from '@tensorflow/tfjs';
import type { GradientSum } from '../gradient-sum.js';
import { type StatefulPart, tensorOf } from './stateful-part.js';

/** The gradient of the window that is open. `variables` are those that the sum is of, in its order. */
export function gradientsPart(sum: GradientSum, variables: readonly tf.Variable[]): StatefulPart {
  return {
    name: 'gradients',
    save: () => ({
      tensors: Object.fromEntries(
        sum.named().flatMap(({ tensor }, position) => (tensor === null ? [] : [[String(position), tensor]])),
      ),
    }),
    restore({ tensors }) {
      const byPosition = new Map(tensors.map((tensor) => [Number(tensor.name), tensor]));
      return () => {
        const restored = variables.map((_, position) => byPosition.get(position));
        sum.add(restored.map((saved) => (saved === undefined ? undefined : tensorOf(saved))));
      };
    },
  };
}
