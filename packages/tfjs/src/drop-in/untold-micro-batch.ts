import * as tf from '@tensorflow/tfjs';
import { readNow, readTogether } from '../read-together.js';
import { type NumbersOfMicroBatch, numbersOf, unreadTensors } from '../unread-micro-batch.js';
import type { AdmittedGradient, StepTaken } from './window-gradient.js';

/** What fit tells its callbacks: a number, or a tensor that is fit's own. */
export type LoggedScalar = number | tf.Tensor;

/** What a micro-batch is to its window. */
export interface MicroBatchShare {
  readonly samples: number;
  /** What it counts for: its samples, unless somebody says otherwise. */
  readonly weight: number;
}

/** A micro-batch whose gradient is in the sum, or was applied with it, and that no event told of yet. */
export interface UntoldMicroBatch extends MicroBatchShare {
  readonly learningRate: number | undefined;
  readonly fillsWindow: boolean;
  /** The step that it made, where the optimizer has stepped. */
  readonly taken: StepTaken | undefined;
  /** Its `loss` is a tensor of its own. */
  readonly admitted: AdmittedGradient;
  /** Tensors of its own. */
  metrics: Readonly<Record<string, LoggedScalar>>;
}

/** The same in numbers. */
export interface ReadMicroBatch
  extends NumbersOfMicroBatch,
    Pick<UntoldMicroBatch, 'samples' | 'learningRate' | 'taken'>,
    Pick<AdmittedGradient, 'scale'> {}

/** The same scalar in a tensor of the caller's own. */
export function holdLogged(scalar: LoggedScalar): LoggedScalar {
  return typeof scalar === 'number' ? scalar : tf.keep(scalar.clone());
}

/** Reads micro-batches and disposes their tensors. A promise only on backends that would stall, unless it has to be `now`. */
export function readUntold(
  untold: readonly UntoldMicroBatch[],
  now: boolean,
): readonly ReadMicroBatch[] | Promise<readonly ReadMicroBatch[]> {
  const unread = untold.map(({ admitted, metrics, weight }) => ({ ...admitted, metrics, weight }));
  const tensors = unreadTensors(unread);
  const numbers = (values: readonly ArrayLike<number>[]) =>
    numbersOf(unread, values).map((read, at): ReadMicroBatch => {
      const { samples, learningRate, taken, admitted } = untold[at]!;
      return { ...read, samples, learningRate, taken, scale: admitted.scale };
    });
  const values = now ? readNow(tensors) : readTogether(tensors);
  return values instanceof Promise ? values.then(numbers) : numbers(values);
}

/** Reads scalars of somebody else's. A promise only on backends that would stall. */
export function readLogged(scalars: readonly LoggedScalar[]): readonly number[] | Promise<readonly number[]> {
  const held = scalars.map(holdLogged);
  const numbers = (values: readonly ArrayLike<number>[]) => {
    let at = 0;
    return held.map((scalar) => (typeof scalar === 'number' ? scalar : values[at++]![0]!));
  };
  const values = readTogether(held.filter((scalar) => typeof scalar === 'object'));
  return values instanceof Promise ? values.then(numbers) : numbers(values);
}
