const BETA = 0.98;

export interface SmoothState {
  readonly mean: number;
  readonly count: number;
}

/** fastai's debiased exponential mean with β = 0.98 (fastai:fastai/learner.py, `AvgSmoothLoss`). NaN stays NaN. */
export interface SmoothLoss {
  add(loss: number): number;
  state(): SmoothState;
}

export function createSmoothLoss(state: SmoothState = { mean: 0, count: 0 }): SmoothLoss {
  let { mean, count } = state;
  return {
    add(loss) {
      count += 1;
      mean -= (mean - loss) * (1 - BETA);
      return mean / (1 - BETA ** count);
    },
    state: () => ({ mean, count }),
  };
}
