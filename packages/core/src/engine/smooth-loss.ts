const BETA = 0.98;

/** What a smoothed loss has to remember: the mean before it is debiased, and of how many losses. */
export interface SmoothState {
  readonly mean: number;
  readonly count: number;
}

/** fastai's debiased exponential mean with β = 0.98 (fastai:fastai/learner.py, `AvgSmoothLoss`). NaN stays NaN. */
export interface SmoothLoss {
  /** Takes the next loss; returns the mean that it makes. */
  add(loss: number): number;
  /** The mean so far; NaN before the first loss. */
  value(): number;
  state(): SmoothState;
}

/** Smooths losses from their beginning, or on from a `state`. */
export function createSmoothLoss(state: SmoothState = { mean: 0, count: 0 }): SmoothLoss {
  let { mean, count } = state;
  const value = () => mean / (1 - BETA ** count);
  return {
    add(loss) {
      count += 1;
      mean -= (mean - loss) * (1 - BETA);
      return value();
    },
    value,
    state: () => ({ mean, count }),
  };
}
