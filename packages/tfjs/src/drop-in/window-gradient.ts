import type { Accumulator, AppliedInfo, TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { createAdmission, type FiniteCheck } from '../admission.js';
import { createGradientSum } from '../gradient-sum.js';
import { createHistograms, type StepHistograms } from '../histograms.js';
import { createMeasurements } from '../measurements.js';
import type { NoiseScale } from '../noise-scale.js';
import type { OptimizerClaim } from '../optimizer-claims.js';
import { createOptimizerStep, type OptimizerStep } from '../optimizer-step.js';
import { readingStalls } from '../read-values.js';
import { squaredNorm } from '../squared-norm.js';
import type { StepTimes } from '../step-times.js';
import type { AccumulateGradientsOptions } from './accumulate-gradients-options.js';
import type { LossGradients } from './loss-gradients.js';
import type { VariableOrder } from './variable-order.js';

/** What an optimizer step gave. */
export interface StepTaken {
  readonly applied: AppliedInfo;
  /** What to tell once the step itself was told. */
  readonly histograms: StepHistograms | undefined;
}

/** A micro-batch whose gradient is in the sum, or was left out of it. */
export interface AdmittedGradient {
  readonly loss: tf.Tensor;
  /** Where what is not finite is looked for. */
  readonly check: FiniteCheck | undefined;
  /** What its gradient came multiplied by, and |scale·gradient|², where the noise of gradients is measured. */
  readonly scale: number;
  readonly squares: number | tf.Tensor | undefined;
}

/** The gradient of a run's open window, and its step. */
export interface WindowGradient {
  readonly noiseScale: NoiseScale | undefined;
  readonly times: StepTimes | undefined;
  /** The rate of the open window's step. */
  learningRate(): number | undefined;
  /** Adds what `compute` gives, gradients by position times `scale`, unless that is not finite and has to be left out. */
  add(scale: number, compute: (scale: number) => LossGradients): AdmittedGradient;
  /** Steps with the sum times target / normalizer, `samples` after the step before. A promise only where `stepsLate()`. */
  step(target: number, normalizer: number, samples: number): StepTaken | Promise<StepTaken>;
  /** The window was given up. */
  clear(): void;
}

/** Whether something is read from the device before the optimizer can step, for which `minimize` can't wait. */
export function stepsLate(options: AccumulateGradientsOptions): boolean {
  const { clip, nonFinite = 'propagate', histograms, measure = {} } = options;
  const measures = createMeasurements(measure).needsNorm;
  return readingStalls() && (clip !== undefined || nonFinite !== 'propagate' || histograms !== undefined || measures);
}

export function createWindowGradient(
  optimizer: tf.Optimizer,
  order: VariableOrder,
  options: AccumulateGradientsOptions,
  { accumulator, claim }: { readonly accumulator: Accumulator; readonly claim: OptimizerClaim },
): WindowGradient {
  const { nonFinite = 'propagate', histograms: wanted, measure = {} } = options;
  const measurements = createMeasurements(measure);
  const { noiseScale, times, needsNorm } = measurements;
  const sum = createGradientSum(order.variables);
  let known = -1;
  let optimizerStep: OptimizerStep;
  let nextHistograms: (() => StepHistograms | undefined) | undefined;
  let stepsTaken = 0;

  /** Weight decay and histograms have to know the variables, which become known when they are trained. */
  function prepared(): OptimizerStep {
    if (known !== order.variables.length) {
      claim.trains(order.variables);
      known = order.variables.length;
      optimizerStep = createOptimizerStep(optimizer, order.variables, { ...options, measureNorm: needsNorm });
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
    noiseScale,
    times,
    learningRate: () => prepared().learningRate(accumulator.windowStart),
    add(share, compute) {
      // As the backward pass takes it, so that it can be undone without a remainder.
      const scale = Math.fround(share);
      const state = nonFinite === 'propagate' ? [] : otherVariables();
      const admit = createAdmission(nonFinite, { variables: order.variables, state }, sum);
      let squares: number | tf.Tensor | undefined;
      const { loss, check } = admit(() => {
        const computed = compute(scale);
        times?.lap('forwardBackwardMs');
        squares = noiseScale && squaredNorm(computed.gradients);
        return { ...computed, metrics: {} };
      });
      times?.lap('accumulateMs');
      // Read when a `tf.tidy` of the caller's, as fit has one, is over.
      if (typeof squares === 'object') tf.keep(squares);
      return { loss, check, scale, squares };
    },
    step(target, normalizer, samples) {
      // The micro-batches were scaled by weight / target, before the window's weight was known.
      if (normalizer !== target) sum.multiply(target / normalizer);
      const step = prepared();
      stepsTaken += 1;
      const histograms = nextHistograms?.();
      const taken = (applied: AppliedInfo): StepTaken | Promise<StepTaken> => {
        sum.clear();
        const measured = (): StepTaken => {
          times?.lap('applyMs');
          return { applied: measurements.take(applied, { normalizer, samples }), histograms };
        };
        const reading = histograms?.readWeights();
        return reading === undefined ? measured() : reading.then(measured);
      };
      const applying = step.apply(sum, accumulator.windowStart, histograms?.readGradients);
      return applying instanceof Promise ? applying.then(taken) : taken(applying);
    },
    clear() {
      sum.clear();
      noiseScale?.clear();
    },
  };
}

/** The events of a step. */
export function toldOf(accumulator: Accumulator, { applied, histograms }: StepTaken): readonly TrainEvent[] {
  return [...accumulator.applied(applied), ...(histograms?.events(accumulator) ?? [])];
}
