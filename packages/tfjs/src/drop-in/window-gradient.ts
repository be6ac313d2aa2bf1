import type { Accumulator, AppliedInfo, TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { createAdmission, type FiniteCheck } from '../admission.js';
import { createGradientSum } from '../gradient-sum.js';
import { createHistograms, type StepHistograms } from '../histograms.js';
import { createOptimizerStep, type OptimizerStep } from '../optimizer-step.js';
import { readingStalls } from '../read-values.js';
import type { AccumulateGradientsOptions } from './accumulate-gradients-options.js';
import type { LossGradients } from './loss-gradients.js';
import type { VariableOrder } from './variable-order.js';

/** What an optimizer step gave. */
export interface StepTaken {
  readonly applied: AppliedInfo;
  /** What to tell once the step itself was told. */
  readonly histograms: StepHistograms | undefined;
}

/** The gradient of a run's open window, and its step. */
export interface WindowGradient {
  /** The rate of the open window's step. */
  learningRate(): number | undefined;
  /** Adds what `compute` gives, gradients by position, unless that is not finite and has to be left out. */
  add(compute: () => LossGradients): { readonly loss: tf.Scalar; readonly check?: FiniteCheck };
  /** Steps with the sum times target / normalizer. A promise only where `stepsLate()`. */
  step(target: number, normalizer: number): StepTaken | Promise<StepTaken>;
  /** The window was given up. */
  clear(): void;
}

/** Whether something is read from the device before the optimizer can step, for which `minimize` can't wait. */
export function stepsLate({ clip, nonFinite = 'propagate', histograms }: AccumulateGradientsOptions): boolean {
  return readingStalls() && (clip !== undefined || nonFinite !== 'propagate' || histograms !== undefined);
}

export function createWindowGradient(
  optimizer: tf.Optimizer,
  order: VariableOrder,
  options: AccumulateGradientsOptions,
  accumulator: Accumulator,
): WindowGradient {
  const { nonFinite = 'propagate', histograms: wanted } = options;
  const sum = createGradientSum(order.variables);
  let known = -1;
  let optimizerStep: OptimizerStep;
  let nextHistograms: (() => StepHistograms | undefined) | undefined;
  let stepsTaken = 0;

  /** Weight decay and histograms have to know the variables, which become known when they are trained. */
  function prepared(): OptimizerStep {
    if (known !== order.variables.length) {
      known = order.variables.length;
      optimizerStep = createOptimizerStep(optimizer, order.variables, options);
      nextHistograms = wanted && createHistograms(order.variables, wanted, stepsTaken);
    }
    return optimizerStep;
  }

  /** All that a forward pass may change besides: the moving means of batch normalization, for one. */
  function otherVariables(): tf.Variable[] {
    const trained = new Set(order.variables);
    return Object.values(tf.engine().registeredVariables).filter((variable) => !trained.has(variable));
  }

  return {
    learningRate: () => prepared().learningRate(accumulator.windowStart),
    add(compute) {
      const state = nonFinite === 'propagate' ? [] : otherVariables();
      const admit = createAdmission(nonFinite, { variables: order.variables, state }, sum);
      return admit(compute);
    },
    step(target, normalizer) {
      // The micro-batches were scaled by weight / target, before the window's weight was known.
      if (normalizer !== target) sum.multiply(target / normalizer);
      const step = prepared();
      stepsTaken += 1;
      const histograms = nextHistograms?.();
      const taken = (applied: AppliedInfo): StepTaken | Promise<StepTaken> => {
        sum.clear();
        const reading = histograms?.readWeights();
        return reading === undefined ? { applied, histograms } : reading.then(() => ({ applied, histograms }));
      };
      const applying = step.apply(sum, accumulator.windowStart, histograms?.readGradients);
      return applying instanceof Promise ? applying.then(taken) : taken(applying);
    },
    clear: () => sum.clear(),
  };
}

/** The events of a step. */
export function toldOf(accumulator: Accumulator, { applied, histograms }: StepTaken): readonly TrainEvent[] {
  return [...accumulator.applied(applied), ...(histograms?.events(accumulator) ?? [])];
}
