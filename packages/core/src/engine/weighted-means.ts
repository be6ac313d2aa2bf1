import type { Metrics } from '../logger/train-event.js';

const NO_METRICS: Metrics = Object.freeze({});

export interface WeightedMeansState {
  readonly weight: number;
  readonly loss: number;
  readonly names: readonly string[];
  readonly sums: readonly number[];
  readonly weights: readonly number[];
}

/** Weighted sums of losses and metrics, and their means. */
export interface WeightedMeans {
  readonly weight: number;
  add(weight: number, loss: number, metrics: Metrics): void;
  /** Σ weight·loss / `normalizer`. */
  loss(normalizer: number): number;
  /** Σ weight·value / `normalizer`, frozen; a metric that some of the additions lacked is the mean over those that had it. */
  metrics(normalizer: number): Metrics;
  clear(): void;
  state(): WeightedMeansState;
}

export function createWeightedMeans(state?: WeightedMeansState): WeightedMeans {
  let weight = state?.weight ?? 0;
  let lossSum = state?.loss ?? 0;
  let names = [...(state?.names ?? [])];
  let sums = [...(state?.sums ?? [])];
  let weights = [...(state?.weights ?? [])];

  return {
    get weight() {
      return weight;
    },
    add(addedWeight, loss, metrics) {
      weight += addedWeight;
      lossSum += addedWeight * loss;
      // Metrics come in one order all run long: the expected place is tried before the search.
      let expected = 0;
      for (const name in metrics) {
        let at = names[expected] === name ? expected : names.indexOf(name);
        if (at === -1) {
          at = names.push(name) - 1;
          sums.push(0);
          weights.push(0);
        }
        sums[at]! += addedWeight * metrics[name]!;
        weights[at]! += addedWeight;
        expected += 1;
      }
    },
    loss: (normalizer) => lossSum / normalizer,
    metrics(normalizer) {
      if (names.length === 0) return NO_METRICS;
      const means: Record<string, number> = {};
      for (let at = 0; at < names.length; at += 1) {
        means[names[at]!] = sums[at]! / (weights[at] === weight ? normalizer : weights[at]!);
      }
      return Object.freeze(means);
    },
    clear() {
      weight = 0;
      lossSum = 0;
      names = [];
      sums = [];
      weights = [];
    },
    state: () => ({ weight, loss: lossSum, names: [...names], sums: [...sums], weights: [...weights] }),
  };
}
