import * as tf from '@tensorflow/tfjs';
import { onTape } from '../gradients.js';
import { scalarLoss } from '../scalar-loss.js';
import { refusingNewVariables } from '../variable-checks.js';

const OWNER = 'minimize: the function';

/** A loss with its gradients, by position; absent where the loss does not depend on the variable. */
export interface LossGradients {
  readonly loss: tf.Scalar;
  readonly gradients: readonly (tf.Tensor | undefined)[];
}

/**
 * Computes what a function returns and `scale` times its gradient; the factor is the backward pass's seed. Refuses with a
 * `TypeError` what `minimize` of tfjs refuses.
 */
export function lossGradients(f: () => tf.Scalar, variables: tf.Variable[], scale: number): LossGradients {
  if (variables.length === 0) throw new TypeError('minimize: no variable is trainable');
  return tf.tidy(() => {
    const { value, grads } = onTape(() =>
      tf.engine().gradients(() => scalarLoss(OWNER, f()), variables, tf.scalar(scale), true),
    );
    const gradients: (tf.Tensor | undefined)[] = grads;
    if (gradients.every((gradient) => gradient === undefined)) {
      throw new TypeError(
        `minimize: the loss depends on none of ${variables.length} trainable variables: there is no gradient`,
      );
    }
    return { loss: value, gradients };
  });
}

/** The same of a loss that may make no variables: a fit's list of them is its model's, and does not grow. */
export function fitGradients(f: () => tf.Scalar, variables: tf.Variable[], scale: number): LossGradients {
  const whole = () => refusingNewVariables('the loss', 'make them before fit, in the model', f);
  return lossGradients(whole, variables, scale);
}

/** The loss alone. */
export function lossOnly(f: () => tf.Scalar): tf.Scalar {
  return tf.tidy(() => scalarLoss(OWNER, f()));
}
