import type { AppliedInfo, StepMeasurements } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import { type Clip, createClip } from './clip.js';
import { measureNorms, totalNorm } from './gradient-norms.js';
import type { GradientSum, NamedGradient } from './gradient-sum.js';
import { assertHasLearningRate, learningRateOf, setLearningRate } from './learning-rate.js';
import { createLearningRate, type LearningRate, type WindowStart } from './learning-rate-schedule.js';
import { type NonFinite, overflowError } from './non-finite.js';
import { readingStalls } from './read-values.js';
import { createWeightDecay, type WeightDecay } from './weight-decay.js';

/** What is done around the optimizer's own step; all of it is optional, and what is absent is not done. */
export interface OptimizerStepOptions {
  /** Limits the window's mean gradient. */
  readonly clip?: Clip | undefined;
  /** Set on the optimizer before each step, whatever its rate is by then; without it, the optimizer's own rate. */
  readonly learningRate?: LearningRate | undefined;
  /** Once a step, with the step's learning rate. */
  readonly weightDecay?: WeightDecay | undefined;
  /** Measures the norm of the window's mean gradient where nothing clips it too. */
  readonly measureNorm?: boolean | undefined;
  /** Unless it propagates, a gradient that is not finite is refused, with a `RangeError`, where its norm can be read at once. */
  readonly nonFinite?: NonFinite | undefined;
}

/** What happens where a window is full, from its mean gradient to the variables' new values. */
export interface OptimizerStep {
  /** The rate that the step of the window that began `at` there will have; undefined for an optimizer that tells none. */
  learningRate(at: WindowStart): number | undefined;
  /**
   * Steps with the window's mean gradient, which its caller has normalised. In this order: the norm is measured, `sum` is
   * clipped in place, `beforeApply` gets the gradients as the optimizer will and is waited for, the learning rate is set,
   * the weights decay, the optimizer applies the gradients. They stay in `sum`. A promise only where something was to be
   * read from a backend that would stall.
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
  variables: readonly tf.Variable[],
  { clip, learningRate, weightDecay, measureNorm = false, nonFinite = 'propagate' }: OptimizerStepOptions = {},
): OptimizerStep {
  const clipGradient = clip === undefined ? undefined : createClip(clip);
  const rateAt = learningRate === undefined ? undefined : createLearningRate(learningRate);
  const decay = weightDecay === undefined ? undefined : createWeightDecay(weightDecay, variables);
  if (rateAt !== undefined) assertHasLearningRate('learningRate', learningRate, optimizer);
  if (decay !== undefined) assertHasLearningRate('weightDecay', weightDecay, optimizer);

  function measureAndClip(sum: GradientSum): StepMeasurements | Promise<StepMeasurements> {
    if (clipGradient !== undefined) return clipGradient(sum);
    if (!measureNorm && (nonFinite === 'propagate' || readingStalls())) return {};
    const norms = measureNorms(sum.named());
    const measured = (read: readonly number[]) => ({ gradNorm: totalNorm(read) });
    return norms instanceof Promise ? norms.then(measured) : measured(norms);
  }

  function step(sum: GradientSum, at: WindowStart, measured: StepMeasurements): AppliedInfo {
    if (rateAt !== undefined) setLearningRate(optimizer, rateAt(at));
    const rate = learningRateOf(optimizer);
    const gradients = sum.named();
    if (decay !== undefined) {
      // It had one when this was made; weights decayed by `undefined` would be NaN.
      assertHasLearningRate('weightDecay', weightDecay, optimizer);
      decay(rate!, gradients);
    }
    optimizer.applyGradients(gradients as { name: string; tensor: tf.Tensor }[]);
    return rate === undefined ? measured : { learningRate: rate, ...measured };
  }

  return {
    learningRate: (at) => rateAt?.(at) ?? learningRateOf(optimizer),
    apply(sum, at, beforeApply) {
      const measured = measureAndClip(sum);
      if (measured instanceof Promise) return measured.then((read) => applyMeasured(read));
      return applyMeasured(measured);

      function applyMeasured(read: StepMeasurements): AppliedInfo | Promise<AppliedInfo> {
        const { gradNorm = 0 } = read;
        if (nonFinite !== 'propagate' && !Number.isFinite(gradNorm)) throw overflowError(gradNorm, nonFinite);
        const waits = beforeApply?.(sum.named());
        return waits === undefined ? step(sum, at, read) : waits.then(() => step(sum, at, read));
      }
    },
  };
}
