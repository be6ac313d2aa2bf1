import * as tf from '@tensorflow/tfjs';
import { showShape } from './tensors.js';
import type { NamedScalars, Trainable } from './trainable.js';

/** What one forward and backward pass gave; all tensors are the caller's. */
export interface MicroBatchTensors {
  readonly loss: tf.Tensor;
  readonly metrics: NamedScalars;
  /** By position of the variable; absent where the loss does not depend on it. */
  readonly gradients: readonly (tf.Tensor | undefined)[];
}

/**
 * Computes the loss of one batch, its metrics and `scale` times its gradient. The factor goes in as the backward pass's
 * seed (`dy`), which costs nothing, instead of a multiplication for each variable.
 */
export function computeMicroBatch<B>(trainable: Trainable<B>, batch: B, scale: number): MicroBatchTensors {
  return tf.tidy(() => {
    const pass = trainable.forward(batch, true);
    try {
      const variables = trainable.variables as tf.Variable[];
      const { value, grads } = onTape(() =>
        tf.engine().gradients(() => scalarLoss(pass.loss()), variables, tf.scalar(scale), true),
      );
      const gradients: (tf.Tensor | undefined)[] = grads;
      if (gradients.every((gradient) => gradient === undefined)) {
        throw new TypeError('loss depends on no trainable variable of the model: there is no gradient');
      }
      return { loss: value, metrics: pass.metrics(), gradients };
    } finally {
      pass.release();
    }
  });
}

/** Computes the loss and metrics of one batch in inference mode. */
export function computeForward<B>(trainable: Trainable<B>, batch: B): Omit<MicroBatchTensors, 'gradients'> {
  return tf.tidy(() => {
    const pass = trainable.forward(batch, false);
    try {
      return { loss: scalarLoss(pass.loss()), metrics: pass.metrics() };
    } finally {
      pass.release();
    }
  });
}

function scalarLoss(loss: unknown): tf.Scalar {
  if (!(loss instanceof tf.Tensor)) throw new TypeError(`loss must return a scalar tensor, not ${String(loss)}`);
  if (loss.rank !== 0) {
    throw new TypeError(`loss must return a scalar, not a tensor of shape ${showShape(loss.shape)}: take its mean`);
  }
  return loss as tf.Scalar;
}

/** The engine disposes what the tape saved only after a backward pass that succeeds. */
export function onTape<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    const { state } = tf.engine();
    for (const node of state.activeTape ?? []) tf.dispose(node.saved);
    if (state.activeTape !== null) state.activeTape = [];
    throw error;
  }
}
