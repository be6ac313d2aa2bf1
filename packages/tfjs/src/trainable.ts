import type * as tf from '@tensorflow/tfjs';

/** Scalars by name. */
export type NamedScalars = Readonly<Record<string, tf.Tensor>>;

/** One forward pass over one batch. Everything happens inside the caller's `tf.tidy`. */
export interface ForwardPass {
  /** The scalar loss, a mean over the batch; called first, once, on the gradient tape where there is one. */
  loss(): tf.Tensor;
  /** Called after the backward pass, off the tape; uses what `loss` computed. */
  metrics(): NamedScalars;
  /** Disposes what `loss` kept; called whatever happened. */
  release(): void;
}

/** What the engine trains: a model of any kind together with its loss. */
export interface Trainable<B> {
  /** In the order in which the optimizer sees them in every step: tfjs's optimizers keep their state by position. */
  readonly variables: readonly tf.Variable[];
  /** What a forward pass may change besides: batch normalization's moving means, say. */
  readonly state?: readonly tf.Variable[];
  /** The batch's samples. Throws a `TypeError` or `RangeError` where the model can't take the batch. */
  check(owner: string, batch: B): number;
  forward(batch: B, training: boolean): ForwardPass;
}
