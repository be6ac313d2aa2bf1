import * as tf from '@tensorflow/tfjs';
import type { GradientSum } from './gradient-sum.js';
import type { MicroBatchTensors } from './gradients.js';
import type { NonFinite, NonFiniteParts } from './non-finite.js';
import { readingStalls } from './read-values.js';
import type { Trainable } from './trainable.js';

/** What is looked at of a micro-batch. */
type Admissible = Pick<MicroBatchTensors, 'loss' | 'gradients'>;

/** A micro-batch whose gradient is in the sum, or was left out of it. */
export type AdmittedMicroBatch<T extends Admissible> = Omit<T, 'gradients'> & {
  /** Absent under `'propagate'`. */
  readonly check?: FiniteCheck;
};

/** What was found out about a micro-batch, perhaps still on the device. */
export interface FiniteCheck {
  /** What the caller has to read, and disposes: absent where the answer is known. */
  readonly unread?: tf.Tensor;
  /** Undefined where all was finite. `read` has the values of `unread`. */
  parts(read: ArrayLike<number>): NonFiniteParts | undefined;
}

/**
 * Adds the gradient that `compute` gives to the sum. Under `'skip'` and `'raise'`, where it or the loss is not finite, the
 * sum stays as it was, and so do variables that the forward pass changed.
 */
export type AdmitMicroBatch = <T extends Admissible>(compute: () => T) => AdmittedMicroBatch<T>;

type Gradients = MicroBatchTensors['gradients'];

/** Makes what adds micro-batches to `sum`, whose variables are the trainable's. */
export function createAdmission(
  nonFinite: NonFinite,
  { variables, state = [] }: Pick<Trainable<unknown>, 'variables' | 'state'>,
  sum: GradientSum,
): AdmitMicroBatch {
  if (nonFinite === 'propagate') {
    return (compute) => {
      const { gradients, ...scalars } = compute();
      sum.add(gradients);
      return scalars;
    };
  }

  return (compute) => {
    // Clones share their values, and keep them where a forward pass gives the variable others.
    const before = state.map((variable) => variable.clone());
    try {
      const { gradients, ...scalars } = compute();
      const admit = readingStalls() ? admitOnDevice : admitAtOnce;
      return { ...scalars, check: admit(scalars.loss, gradients, before) };
    } finally {
      tf.dispose(before);
    }
  };

  function admitAtOnce(loss: tf.Tensor, gradients: Gradients, before: readonly tf.Tensor[]): FiniteCheck {
    const parts = findNonFinite(loss, gradients, variables);
    if (parts === undefined) sum.add(gradients);
    else {
      tf.dispose(gradients.filter((gradient) => gradient !== undefined));
      changed(before).forEach(({ variable, value }) => {
        variable.assign(value);
      });
    }
    return { parts: () => parts };
  }

  /** Reading the answer would wait for the device, which can as well act on it. */
  function admitOnDevice(loss: tf.Tensor, gradients: Gradients, before: readonly tf.Tensor[]): FiniteCheck {
    const { zeros, finite } = tf.tidy(() => {
      const zeros = tf.stack([loss, ...gradients.map((gradient) => gradient ?? tf.scalar(0))].map(zeroOrNaN));
      return { zeros, finite: tf.logicalNot(tf.isNaN(tf.sum(zeros))) };
    });
    // Read when a `tf.tidy` of the caller's, as model.fit has one, is over.
    tf.keep(zeros);
    const masked = new Map<tf.Tensor, tf.Tensor>();
    for (const gradient of gradients) {
      if (gradient === undefined || masked.has(gradient)) continue;
      masked.set(
        gradient,
        tf.tidy(() => tf.where(finite, gradient, tf.zerosLike(gradient))),
      );
      gradient.dispose();
    }
    sum.add(gradients.map((gradient) => (gradient === undefined ? undefined : masked.get(gradient))));
    changed(before).forEach(({ variable, value }) => {
      tf.tidy(() => variable.assign(tf.where(finite, variable, value)));
    });
    finite.dispose();
    return {
      unread: zeros,
      parts: (read) =>
        partsWhere(
          Number.isNaN(read[0]),
          variables.filter((_, position) => Number.isNaN(read[position + 1])),
        ),
    };
  }

  function changed(before: readonly tf.Tensor[]): { variable: tf.Variable; value: tf.Tensor }[] {
    return state.flatMap((variable, index) =>
      variable.dataId === before[index]!.dataId ? [] : { variable, value: before[index]! },
    );
  }
}

/** 0 · x is 0 for what is finite, else NaN, and so is a sum of it. */
function zeroOrNaN(tensor: tf.Tensor): tf.Scalar {
  return tf.sum(tf.mul(tensor, 0));
}

function findNonFinite(
  loss: tf.Tensor,
  gradients: Gradients,
  variables: readonly tf.Variable[],
): NonFiniteParts | undefined {
  return partsWhere(
    !Number.isFinite(loss.dataSync()[0]),
    variables.filter((_, position) => hasNonFinite(gradients[position])),
  );
}

function partsWhere(loss: boolean, variables: readonly tf.Variable[]): NonFiniteParts | undefined {
  return loss || variables.length > 0 ? { loss, gradients: variables.map(({ name }) => name) } : undefined;
}

/** A sum is one pass in the backend's own code; only one that is not finite, which an overflow can be, asks for a second look. */
function hasNonFinite(gradient: tf.Tensor | undefined): boolean {
  if (gradient === undefined) return false;
  const read = (compute: () => tf.Tensor) => tf.tidy(() => compute().dataSync()[0]!);
  return !Number.isFinite(read(() => tf.sum(gradient))) && Number.isNaN(read(() => zeroOrNaN(gradient)));
}
