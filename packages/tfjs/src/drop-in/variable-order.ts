import * as tf from '@tensorflow/tfjs';
import { abbreviate } from '../option-checks.js';

type Gradients = readonly (tf.Tensor | undefined)[];

/** The variables of an optimizer, each at the position that it had first: tfjs's optimizers keep their state by position. */
export interface VariableOrder {
  /** Grows at its end. */
  readonly variables: readonly tf.Variable[];
  /**
   * The variables to differentiate by: the trainable ones of a list, or of all that are registered. Throws a `TypeError` for
   * a list of other variables than before.
   */
  select(list: readonly tf.Variable[] | undefined): tf.Variable[];
  /** Gradients of some variables at the positions of these; a variable that never had one comes last. */
  place(variables: readonly tf.Variable[], gradients: Gradients): Gradients;
}

/** `mayChange` says whether another list may take the place of the one before. */
export function createVariableOrder(mayChange: () => boolean): VariableOrder {
  const variables: tf.Variable[] = [];
  const positions = new Map<tf.Variable, number>();

  function positionOf(variable: tf.Variable): number {
    const known = positions.get(variable);
    if (known !== undefined) return known;
    positions.set(variable, variables.length);
    return variables.push(variable) - 1;
  }

  function adopt(list: readonly tf.Variable[]): void {
    if (list.length === variables.length && list.every((variable, at) => variable === variables[at])) return;
    if (variables.length > 0) {
      if (!mayChange()) {
        throw new TypeError(
          `optimizer: it is given ${showNames(list)}, but before it trained ${showNames(variables)}; it keeps its state by the position of a variable: take a new one for another model, or for other layers of it`,
        );
      }
      variables.length = 0;
      positions.clear();
    }
    list.forEach(positionOf);
  }

  return {
    variables,
    select(list) {
      if (list === undefined) {
        return Object.values(tf.engine().registeredVariables).filter((variable) => variable.trainable);
      }
      adopt(list);
      return list.filter((variable) => variable.trainable);
    },
    place(of, gradients) {
      const placed: (tf.Tensor | undefined)[] = variables.map(() => undefined);
      of.forEach((variable, at) => {
        if (gradients[at] !== undefined) placed[positionOf(variable)] = gradients[at];
      });
      return placed;
    },
  };
}

function showNames(variables: readonly tf.Variable[]): string {
  return `${variables.length} variables (${abbreviate(variables.map(({ name }) => name))})`;
}
