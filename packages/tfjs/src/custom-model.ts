import * as tf from '@tensorflow/tfjs';
import { samplesOfAnyBatch } from './batch-samples.js';
import { namedScalars } from './named-scalars.js';
import { show } from './option-checks.js';
import type { NamedScalars, Trainable } from './trainable.js';
import { assertSameVariables, refusingNewVariables } from './variable-checks.js';

/** A model written with tfjs's operations. */
export interface CustomModel<B> {
  /** What the optimizer changes; those that are not trainable are left alone. They must stay the same while a run trains. */
  readonly variables: readonly tf.Variable[];
  /** The mean loss of a batch, a scalar that depends on `variables`. `training` is false in validation. */
  loss(batch: B, mode: { readonly training: boolean }): tf.Tensor;
  /** Scalars, means over the batch, computed outside of the gradient. */
  metrics?(batch: B, mode: { readonly training: boolean }): NamedScalars;
}

/** Checks a custom model. Throws a `TypeError` that names what is wrong. */
export function customTrainable<B>(model: CustomModel<B>, samples?: (batch: B) => number): Trainable<B> {
  const { variables } = model;
  if (!Array.isArray(variables) || !variables.every((variable) => variable instanceof tf.Variable)) {
    throw new TypeError(`model.variables must be an array of tf.Variable, not ${show(variables)}`);
  }
  if (typeof model.loss !== 'function')
    throw new TypeError(`model.loss must be a function of a batch, not ${show(model.loss)}`);
  if (model.metrics !== undefined && typeof model.metrics !== 'function') {
    throw new TypeError(`model.metrics must be a function of a batch, not ${show(model.metrics)}`);
  }
  const trainable = trainableOf(variables);
  if (trainable.length === 0)
    throw new TypeError(`model has no trainable weights: none of its ${variables.length} variables is`);
  return {
    variables: trainable,
    state: variables.filter((variable) => !variable.trainable),
    check: (_owner, batch) => samples?.(batch) ?? samplesOfAnyBatch(batch),
    forward: (batch, { training }) => ({
      loss() {
        if (!training) return model.loss(batch, { training });
        assertSameVariables('model.variables', trainable, trainableOf(model.variables));
        return refusingNewVariables('model.loss', 'make them before train() and list them in model.variables', () =>
          model.loss(batch, { training }),
        );
      },
      metrics: () => namedScalars('model.metrics', model.metrics?.(batch, { training })),
      release() {},
    }),
  };
}

function trainableOf(variables: readonly tf.Variable[]): readonly tf.Variable[] {
  return variables.filter((variable) => variable.trainable);
}
