import type { AppliedInfo } from '@microbatch/core';
import type { MeasureOptions } from './measure-options.js';
import { createNoiseScale, type NoiseScale } from './noise-scale.js';
import { createStepTimes, type StepTimes } from './step-times.js';

/** What a run measures of its optimizer steps. */
export interface Measurements {
  /** Absent where the gradients of single micro-batches are not measured. */
  readonly noiseScale?: NoiseScale;
  readonly times?: StepTimes;
  /** Whether the optimizer step has to measure the norm of the accumulated gradient. */
  readonly needsNorm: boolean;
  /** What is told of a step. */
  take(
    applied: AppliedInfo,
    step: {
      readonly normalizer: number;
      /** Samples trained since the step before. */
      readonly samples: number;
    },
  ): AppliedInfo;
}

export function createMeasurements(options: MeasureOptions): Measurements {
  const { gradNorm = false, normTest = false } = options;
  const noiseScale = optionsOf(options.noiseScale);
  const times = optionsOf(options.times);
  const noise = noiseScale || normTest ? createNoiseScale(noiseScale?.decay ?? 0.99) : undefined;
  const stepTimes = times && createStepTimes(times.now ?? (() => performance.now()));

  return {
    ...(noise && { noiseScale: noise }),
    ...(stepTimes && { times: stepTimes }),
    needsNorm: gradNorm || noise !== undefined,
    take({ gradNorm: norm, ...applied }, { normalizer, samples }) {
      const { gradientNoiseScale, normTestRatio } =
        norm === undefined || noise === undefined ? {} : noise.close(norm ** 2, normalizer);
      // Clipping tells both norms, whether they are asked for or not.
      const tellsNorm = gradNorm || applied.clippedGradNorm !== undefined;
      return {
        ...applied,
        ...(tellsNorm && norm !== undefined && { gradNorm: norm }),
        ...(noiseScale && gradientNoiseScale !== undefined && { gradientNoiseScale }),
        ...(normTest && normTestRatio !== undefined && { normTestRatio }),
        ...stepTimes?.take(samples),
      };
    },
  };
}

function optionsOf<T extends object>(option: boolean | T | undefined): Partial<T> | undefined {
  if (option === undefined || option === false) return undefined;
  return option === true ? {} : option;
}
