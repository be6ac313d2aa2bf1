import type { AppliedInfo } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { GradientSum, NamedGradient } from './gradient-sum.js';
import { learningRateOf } from './learning-rate.js';

/** What happens where a window is full, from its gradient to the variables' new values. */
export interface OptimizerStep {
  /** The rate of the next step; undefined for an optimizer that tells none. */
  learningRate(): number | undefined;
  /**
   * Applies the window's mean gradient, which stays in `sum`. `beforeApply` gets the gradients as the optimizer will, and
   * is waited for. A promise only where something was to be read from a backend that would stall.
   */
  apply(
    sum: GradientSum,
    beforeApply?: (gradients: readonly NamedGradient[]) => Promise<void> | undefined,
  ): AppliedInfo | Promise<AppliedInfo>;
}

export function createOptimizerStep(optimizer: tf.Optimizer): OptimizerStep {
  return {
    learningRate: () => learningRateOf(optimizer),
    apply(sum, beforeApply) {
      const gradients = sum.named();
      const step = (): AppliedInfo => {
        optimizer.applyGradients(gradients as { name: string; tensor: tf.Tensor }[]);
        const learningRate = learningRateOf(optimizer);
        return learningRate === undefined ? {} : { learningRate };
      };
      const waits = beforeApply?.(gradients);
      return waits === undefined ? step() : waits.then(step);
    },
  };
}
