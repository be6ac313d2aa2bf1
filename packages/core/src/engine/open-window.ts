import type { Normalize } from '../logger/run-info.js';
import type { Metrics, MicroBatchRecord } from '../logger/train-event.js';
import { createWeightedMeans, type WeightedMeansState } from './weighted-means.js';

export interface OpenWindowState {
  readonly full: boolean;
  /** An epoch-end is the last that happened to it. */
  readonly carried: boolean;
  readonly target: number;
  readonly samples: number;
  /** Epochs trained as it began. */
  readonly startEpoch: number;
  readonly microBatches: readonly MicroBatchRecord[];
  readonly means: WeightedMeansState;
}

/** The micro-batches whose gradients wait for an optimizer step. */
export interface OpenWindow {
  readonly isEmpty: boolean;
  readonly full: boolean;
  readonly carried: boolean;
  /** In samples: what closes it, and what it holds. */
  readonly target: number;
  readonly samples: number;
  readonly weight: number;
  /** Epochs trained as it began; 0 where it is empty. */
  readonly startEpoch: number;
  /** Some of its micro-batches were skipped. */
  readonly hasSkipped: boolean;
  /** What its weighted sums are divided by. */
  readonly normalizer: number;
  /** `epoch` is how many were trained before this micro-batch. */
  add(record: MicroBatchRecord, metrics: Metrics, target: number, epoch: number): void;
  /** Counts as full with what it holds. */
  close(): void;
  /** Goes on into the next epoch. */
  carry(): void;
  means(): { readonly loss: number; readonly metrics: Metrics };
  /** Empties the window; returns its lineage, frozen. */
  take(): readonly MicroBatchRecord[];
  state(): OpenWindowState;
}

export function createOpenWindow(normalize: Normalize, firstTarget: number, state?: OpenWindowState): OpenWindow {
  const means = createWeightedMeans(state?.means);
  let full = state?.full ?? false;
  let carried = state?.carried ?? false;
  let target = state?.target ?? firstTarget;
  let samples = state?.samples ?? 0;
  let startEpoch = state?.startEpoch ?? 0;
  let microBatches = (state?.microBatches ?? []).map((record) => Object.freeze({ ...record }));

  const normalizer = () => (normalize === 'target' ? target : means.weight);

  return {
    get isEmpty() {
      return microBatches.length === 0;
    },
    get full() {
      return full;
    },
    get carried() {
      return carried;
    },
    get target() {
      return target;
    },
    get samples() {
      return samples;
    },
    get weight() {
      return means.weight;
    },
    get startEpoch() {
      return startEpoch;
    },
    get hasSkipped() {
      return microBatches.some(({ skipped }) => skipped);
    },
    get normalizer() {
      return normalizer();
    },
    add(record, metrics, newTarget, epoch) {
      if (microBatches.length === 0) startEpoch = epoch;
      microBatches.push(Object.freeze(record));
      if (!record.skipped) means.add(record.weight, record.loss, metrics);
      samples += record.samples;
      target = newTarget;
      carried = false;
      full = samples >= target;
    },
    close() {
      full = true;
    },
    carry() {
      carried = microBatches.length > 0;
    },
    means: () => ({ loss: means.loss(normalizer()), metrics: means.metrics(normalizer()) }),
    take() {
      const lineage = Object.freeze(microBatches);
      microBatches = [];
      samples = 0;
      startEpoch = 0;
      full = false;
      means.clear();
      return lineage;
    },
    state: () => ({ full, carried, target, samples, startEpoch, microBatches, means: means.state() }),
  };
}
