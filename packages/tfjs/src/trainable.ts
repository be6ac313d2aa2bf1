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

/** How a forward pass is meant. */
export interface ForwardMode {
  readonly training: boolean;
  /** The part of the model's own penalties (regularizers) that counts; 1 by default. */
  readonly penaltyShare?: number;
}

/** What the engine trains: a model of any kind together with its loss. */
export interface Trainable<B> {
  /** In the order in which the optimizer sees them in every step: tfjs's optimizers keep their state by position. */
  readonly variables: readonly tf.Variable[];
  /** What a forward pass may change besides: batch normalization's moving means, say. */
  readonly state?: readonly tf.Variable[];
  /** The names of its metrics, where they are known beforehand. */
  readonly metricNames?: readonly string[];
  /** The batch's samples. Throws a `TypeError` or `RangeError` where the model can't take the batch. */
  check(owner: string, batch: B): number;
  /** What the batch counts for, a scalar; undefined where its samples say it. Inside the caller's `tf.tidy`. */
  weigh?(batch: B, training: boolean): tf.Tensor | undefined;
  forward(batch: B, mode: ForwardMode): ForwardPass;
}
