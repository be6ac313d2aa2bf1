import type { RunInfo, TrainEvent } from '@microbatch/core/logger';

/** What the epoch clock has to say, as far as it can be known. */
export interface EpochClock {
  /** The epoch that is due at an event; undefined where it is not known. */
  take(event: TrainEvent): number | undefined;
  /** From here on nothing is known before the next epoch's end. */
  lose(): void;
}

/** Counts epochs: whole ones, and, where a plan says how many micro-batches an epoch has, the part of the one under way. */
export function createEpochClock({ plan, resumedAt }: RunInfo): EpochClock {
  const { microBatchesPerEpoch } = plan;
  let completed = 0;
  let microBatches = 0;
  // A resumed run does not say how far into its epoch it was.
  let isKnown = resumedAt === undefined;

  return {
    take(event) {
      if (event.type === 'epoch-end') {
        completed = isKnown ? completed + 1 : Math.round(event.epoch);
        microBatches = 0;
        isKnown = true;
        return completed;
      }
      if (event.type === 'micro-batch') microBatches += 1;
      if (!isKnown) return undefined;
      if (microBatchesPerEpoch === undefined) return completed;
      return completed + Math.min(microBatches / microBatchesPerEpoch, 1);
    },
    lose() {
      isKnown = false;
    },
  };
}
