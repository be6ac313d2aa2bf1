import type * as tf from '@tensorflow/tfjs';
import type { FiniteCheck } from './admission.js';
import type { NonFiniteParts } from './non-finite.js';

/** What a micro-batch gave, perhaps still on the device: scalars, or numbers where they are known already. */
export interface UnreadMicroBatch {
  readonly loss: tf.Tensor;
  readonly metrics: Readonly<Record<string, number | tf.Tensor>>;
  /** What it counts for in its window. */
  readonly weight: number | tf.Tensor;
  /** Where what is not finite is looked for. */
  readonly check?: FiniteCheck | undefined;
  /** |gradient|² as it came, multiplied by weight / target, where the noise of gradients is measured. */
  readonly squares: number | tf.Tensor | undefined;
}

/** The same in numbers. */
export interface NumbersOfMicroBatch {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly weight: number;
  /** Undefined where all was finite. */
  readonly nonFinite: NonFiniteParts | undefined;
  readonly squares: number | undefined;
}

/** What is still to be read, in the order in which `numbersOf` takes it. */
export function unreadTensors(microBatches: readonly UnreadMicroBatch[]): tf.Tensor[] {
  return microBatches.flatMap(({ loss, metrics, weight, check, squares }) =>
    [loss, ...Object.values(metrics), weight, check?.unread, squares].filter((value) => typeof value === 'object'),
  );
}

/** The micro-batches in numbers; `values` are those of `unreadTensors`. */
export function numbersOf(
  microBatches: readonly UnreadMicroBatch[],
  values: readonly ArrayLike<number>[],
): NumbersOfMicroBatch[] {
  let at = 0;
  const next = (value: number | tf.Tensor) => (typeof value === 'number' ? value : values[at++]![0]!);
  return microBatches.map(({ loss, metrics, weight, check, squares }) => ({
    loss: next(loss),
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, next(value)])),
    weight: next(weight),
    nonFinite: check?.parts(check.unread === undefined ? [] : values[at++]!),
    squares: squares === undefined ? undefined : next(squares),
  }));
}
