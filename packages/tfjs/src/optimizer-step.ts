import type { AppliedInfo } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { GradientSum, NamedGradient } from './gradient-sum.js';
import { assertHasLearningRate, learningRateOf, setLearningRate } from './learning-rate.js';
import { createLearningRate, type LearningRate, type WindowStart } from './learning-rate-schedule.js';

/** What is done around the optimizer's own step. */
export interface OptimizerStepOptions {
  /** Set on the optimizer before each step, whatever its rate is by then; without it, the optimizer's own rate. */
  readonly learningRate?: LearningRate;
}

/** What happens where a window is full, from its mean gradient to the variables' new values. */
export interface OptimizerStep {
  /** The rate that the step of the window that began `at` there will have; undefined for an optimizer that tells none. */
  learningRate(at: WindowStart): number | undefined;
  /**
   * Applies the window's mean gradient, which stays in `sum`. `beforeApply` gets the gradients as the optimizer will, and
   * is waited for. A promise only where something was to be read from a backend that would stall.
   */
  apply(
    sum: GradientSum,
    at: WindowStart,
    beforeApply?: (gradients: readonly NamedGradient[]) => Promise<void> | undefined,
  ): AppliedInfo | Promise<AppliedInfo>;
}

/**
 * Makes the step of an optimizer over `variables`, in the order in which `sum` has them. Throws a `TypeError` or
 * `RangeError` that names the option and the value.
 */
export function createOptimizerStep(
  optimizer: tf.Optimizer,
  _variables: readonly tf.Variable[],
  options: OptimizerStepOptions = {},
): OptimizerStep {
  const { learningRate } = options;
  const rateAt = learningRate === undefined ? undefined : createLearningRate(learningRate);
  if (rateAt !== undefined) assertHasLearningRate('learningRate', learningRate, optimizer);

  return {
    learningRate: (at) => rateAt?.(at) ?? learningRateOf(optimizer),
    apply(sum, at, beforeApply) {
      const gradients = sum.named();
      const step = (): AppliedInfo => {
        if (rateAt !== undefined) setLearningRate(optimizer, rateAt(at));
        const rate = learningRateOf(optimizer);
        optimizer.applyGradients(gradients as { name: string; tensor: tf.Tensor }[]);
        return rate === undefined ? {} : { learningRate: rate };
      };
      const waits = beforeApply?.(gradients);
      return waits === undefined ? step() : waits.then(step);
    },
  };
}
