import * as tf from '@tensorflow/tfjs';
import { batchWeight } from './batch-weight.js';
import { scalarLoss } from './scalar-loss.js';
import type { NamedScalars, Trainable } from './trainable.js';

/** What one forward and backward pass gave; all tensors are the caller's. */
export interface MicroBatchTensors {
  readonly loss: tf.Tensor;
  readonly metrics: NamedScalars;
  /** What it counts for; a scalar where reading it would stall the device. */
  readonly weight: number | tf.Tensor;
  /** By position of the variable; absent where the loss does not depend on it, and where the batch weighs nothing. */
  readonly gradients: readonly (tf.Tensor | undefined)[];
}

/** What a micro-batch is to its window. */
export interface WindowShare {
  /** What the batch counts for, a number or a scalar; called inside a `tf.tidy`. */
  weigh(): number | tf.Tensor;
  /** The window's target, in samples. */
  readonly target: number;
  readonly penaltyShare: number;
}

/**
 * Computes the loss of one batch, its metrics and weight / target times its gradient. The factor goes in as the backward
 * pass's seed (`dy`), which costs nothing, instead of a multiplication for each variable.
 *
 * A batch that weighs nothing has no mean: it is not computed, and its loss is 0, as Keras has it.
 */
export function computeMicroBatch<B>(
  trainable: Trainable<B>,
  batch: B,
  { weigh, target, penaltyShare }: WindowShare,
): MicroBatchTensors {
  return tf.tidy((): MicroBatchTensors & tf.TensorContainerObject => {
    const weight = batchWeight(weigh());
    if (weight === 0) return { loss: tf.scalar(0), metrics: {}, weight, gradients: [] };
    const pass = trainable.forward(batch, { training: true, penaltyShare });
    try {
      const variables = trainable.variables as tf.Variable[];
      const seed = typeof weight === 'number' ? tf.scalar(weight / target) : tf.div(weight, target);
      const { value, grads } = onTape(() =>
        tf.engine().gradients(() => scalarLoss('loss', pass.loss()), variables, seed, true),
      );
      const gradients: (tf.Tensor | undefined)[] = grads;
      if (gradients.every((gradient) => gradient === undefined)) {
        throw new TypeError('loss depends on no trainable variable of the model: there is no gradient');
      }
      const metrics = pass.metrics();
      if (typeof weight === 'number') return { loss: value, metrics, weight, gradients };
      const weighed = zeroUnless(tf.greater(weight, 0));
      return {
        loss: weighed(value),
        metrics: Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, weighed(metric)])),
        weight,
        gradients: gradients.map((gradient) => (gradient === undefined ? undefined : weighed(gradient))),
      };
    } finally {
      pass.release();
    }
  });
}

/** Computes the loss and metrics of one batch in inference mode; its weight where its samples do not say it. */
export function computeForward<B>(
  trainable: Trainable<B>,
  batch: B,
): Pick<MicroBatchTensors, 'loss' | 'metrics'> & { readonly weight: tf.Tensor | undefined } {
  return tf.tidy(() => {
    const pass = trainable.forward(batch, { training: false });
    try {
      return {
        loss: scalarLoss('loss', pass.loss()),
        metrics: pass.metrics(),
        weight: trainable.weigh?.(batch, false),
      };
    } finally {
      pass.release();
    }
  });
}

/** 0 for a condition that does not hold, whatever the value: 0 · NaN would stay NaN. */
function zeroUnless(condition: tf.Tensor): (value: tf.Tensor) => tf.Tensor {
  return (value) => tf.where(condition, value, tf.zerosLike(value));
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
