import type { StepMeasurements } from '@microbatch/core';
import { show } from './option-checks.js';

/** A micro-batch's gradient, as the noise of its window is estimated from it. */
export interface MicroBatchNorm {
  readonly samples: number;
  /** What it counts for in its window; one that counts for nothing is a part of the batch's size alone. */
  readonly weight: number;
  /** |g|², where g is the gradient of the micro-batch's own mean loss. */
  readonly squaredNorm: number;
}

/** Both averages and the window that is open; JSON. */
export interface NoiseScaleState {
  readonly noise: number;
  readonly signal: number;
  readonly window: {
    readonly microBatches: number;
    readonly samples: number;
    readonly weight: number;
    /** Σ weight·|g|²; null where it is not finite. */
    readonly weightedSquares: number | null;
  };
}

/** Estimates how noisy gradients are from how far those of a window's micro-batches lie apart. */
export interface NoiseScale {
  add(microBatch: MicroBatchNorm): void;
  /** Ends the window: `squaredNorm` is that of Σ weight·g / `normalizer`. */
  close(squaredNorm: number, normalizer: number): Pick<StepMeasurements, 'gradientNoiseScale' | 'normTestRatio'>;
  /** The window was given up. */
  clear(): void;
  state(): NoiseScaleState;
  /** Goes on from a state. Throws a `TypeError` where it is none. */
  restore(state: NoiseScaleState): void;
}

/**
 * The gradient noise scale B_simple = tr(Σ) / |G|² of McCandlish et al. 2018 (arXiv:1812.06162), app. A.1, for micro-batches
 * of any sizes, and the ratio of the norm test (Byrd et al. 2012, doi:10.1007/s10107-012-0572-5, sec. 3).
 *
 * With n micro-batches of a window, w their shares of its weight, m = Σ w·|g|², M = |Σ w·g|² and B the window's samples:
 * (m - M) / (n - 1) estimates the variance of the window's gradient, S = B·(m - M) / (n - 1) that of one sample's, tr(Σ), and
 * (n·M - m) / (n - 1) estimates |G|², all without bias where the variance of a micro-batch's gradient falls with its
 * weight. S and |G|² are averaged exponentially over windows, with `decay`, and then divided; both would be debiased by the
 * same factor, which their quotient does not need. It is in samples whatever the weights are.
 *
 * A window in which fewer than two micro-batches weigh anything, or whose gradient is not finite, leaves the averages as they
 * are and has no noise scale; nor has one that leaves the average of |G|² at or below 0, where all is noise.
 */
export function createNoiseScale(decay: number): NoiseScale {
  let [noise, signal] = [0, 0];
  let [microBatches, samples, weight, weightedSquares] = [0, 0, 0, 0];

  function clear(): void {
    [microBatches, samples, weight, weightedSquares] = [0, 0, 0, 0];
  }

  function windowEstimates(meanSquare: number) {
    if (microBatches < 2) return {};
    const spread = Math.max(weightedSquares / weight - meanSquare, 0);
    const variance = spread / (microBatches - 1);
    const [windowNoise, windowSignal] = [samples * variance, meanSquare - variance];
    const normTestRatio = Math.sqrt(variance / meanSquare);
    if (!Number.isFinite(windowNoise) || !Number.isFinite(windowSignal)) return { normTestRatio };
    noise = decay * noise + (1 - decay) * windowNoise;
    signal = decay * signal + (1 - decay) * windowSignal;
    return signal > 0 ? { normTestRatio, gradientNoiseScale: noise / signal } : { normTestRatio };
  }

  return {
    add(microBatch) {
      samples += microBatch.samples;
      if (microBatch.weight === 0) return;
      microBatches += 1;
      weight += microBatch.weight;
      weightedSquares += microBatch.weight * microBatch.squaredNorm;
    },
    close(squaredNorm, normalizer) {
      // A fixed normalizer is not what an overshooting window weighs.
      const estimates = windowEstimates(squaredNorm * (normalizer / weight) ** 2);
      clear();
      return estimates;
    },
    clear,
    state: () => ({
      noise,
      signal,
      window: {
        microBatches,
        samples,
        weight,
        weightedSquares: Number.isFinite(weightedSquares) ? weightedSquares : null,
      },
    }),
    restore(state) {
      const { window } = (state ?? {}) as Partial<NoiseScaleState>;
      const numbers = [state?.noise, state?.signal, window?.microBatches, window?.samples, window?.weight];
      if (window?.weightedSquares !== null) numbers.push(window?.weightedSquares);
      if (!numbers.every(Number.isFinite)) throw new TypeError(`noise scale: ${show(state)} is no state of one`);
      ({ noise, signal } = state);
      ({ microBatches, samples, weight } = state.window);
      weightedSquares = state.window.weightedSquares ?? Number.NaN;
    },
  };
}
