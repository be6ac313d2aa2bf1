import * as tf from '@tensorflow/tfjs';
import { abbreviate } from './option-checks.js';

/**
 * Refuses variables that are not those that a run began with, with a `TypeError`: its gradients and the optimizer's state
 * are by position. `owner` says where they come from.
 */
export function assertSameVariables(owner: string, began: readonly tf.Variable[], now: readonly tf.Variable[]): void {
  if (began.length === now.length && began.every((variable, at) => variable === now[at])) return;
  throw new TypeError(
    `${owner} changed during training: the run began with ${began.length} trainable variables (${names(began)}), and now there are ${now.length}; stop the run and start another`,
  );
}

/**
 * Calls a loss, and refuses trainable variables that it makes, with a `TypeError`: they would never be trained. `owner` is what
 * calls it, `instead` what to do with them.
 */
export function refusingNewVariables<T>(owner: string, instead: string, compute: () => T): T {
  // Not by their place at the end: names that are numbers, which variables have by default, come first.
  const before = new Set(registered());
  const result = compute();
  const made = registered().filter((variable) => variable.trainable && !before.has(variable));
  if (made.length === 0) return result;
  throw new TypeError(`${owner} made variables during training (${names(made)}): ${instead}`);
}

function registered(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables);
}

function names(variables: readonly tf.Variable[]): string {
  return abbreviate(variables.map(({ name }) => name));
}
