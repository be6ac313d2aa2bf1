import type { Metrics } from '../logger/train-event.js';
import { createWeightedMeans, type WeightedMeansState } from './weighted-means.js';

export interface EpochProgressState {
  /** Epochs completed. */
  readonly completed: number;
  /** Micro-batches of the epoch under way. */
  readonly microBatches: number;
  /** The tail is decided; its end is due. */
  readonly closed: boolean;
  readonly means: WeightedMeansState;
}

/** Where a run stands in its epochs. */
export interface EpochProgress {
  readonly completed: number;
  readonly microBatches: number;
  readonly closed: boolean;
  /** Epochs trained; fractional where the micro-batches of an epoch are known. */
  readonly clock: number;
  add(samples: number, loss: number, metrics: Metrics): void;
  /** Counts a micro-batch that is no part of the means. */
  skip(): void;
  close(): void;
  /** Goes on to the next epoch; returns the means of the one that ends, frozen. */
  end(): Metrics;
  state(): EpochProgressState;
}

export function createEpochProgress(microBatchesPerEpoch?: number, state?: EpochProgressState): EpochProgress {
  const means = createWeightedMeans(state?.means);
  let completed = state?.completed ?? 0;
  let microBatches = state?.microBatches ?? 0;
  let closed = state?.closed ?? false;

  return {
    get completed() {
      return completed;
    },
    get microBatches() {
      return microBatches;
    },
    get closed() {
      return closed;
    },
    get clock() {
      if (microBatchesPerEpoch === undefined) return completed;
      return completed + Math.min(microBatches / microBatchesPerEpoch, 1);
    },
    add(samples, loss, metrics) {
      microBatches += 1;
      means.add(samples, loss, metrics);
    },
    skip() {
      microBatches += 1;
    },
    close() {
      closed = true;
    },
    end() {
      const { weight } = means;
      const train = weight === 0 ? {} : { loss: means.loss(weight), ...means.metrics(weight) };
      completed += 1;
      microBatches = 0;
      closed = false;
      means.clear();
      return Object.freeze(train);
    },
    state: () => ({ completed, microBatches, closed, means: means.state() }),
  };
}
