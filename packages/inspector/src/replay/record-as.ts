import { createSmoothLoss } from '@microbatch/core';
import type { RunInfo, TrainEvent } from '@microbatch/core/logger';

/**
 * Makes of a run's events those of the same training with the other of its batches recorded: what `logAccumBatch` says, and which
 * batches have a smoothed loss. Of a run that is resumed in a stream of its own, smoothing begins anew.
 */
export function createRecordAs(logAccumBatch: boolean): (event: TrainEvent) => TrainEvent {
  let isChanged = false;
  let smooth = createSmoothLoss();

  function smoothed(event: TrainEvent & { type: 'micro-batch' | 'accumulated-batch' }): TrainEvent {
    const { smoothLoss: _, ...rest } = event;
    if ((event.type === 'accumulated-batch') !== logAccumBatch) return Object.freeze(rest) as TrainEvent;
    // A micro-batch that weighs nothing, as one that is skipped, is no part of the mean.
    if (event.type === 'accumulated-batch' || event.weight > 0) smooth.add(event.loss);
    return Object.freeze({ ...rest, smoothLoss: smooth.value() }) as TrainEvent;
  }

  return (event) => {
    if (event.type === 'run-start') {
      isChanged = event.run.logAccumBatch !== logAccumBatch;
      smooth = createSmoothLoss();
      return isChanged ? Object.freeze({ ...event, run: recordedAs(event.run, logAccumBatch) }) : event;
    }
    const isBatch = event.type === 'micro-batch' || event.type === 'accumulated-batch';
    return isBatch && isChanged ? smoothed(event) : event;
  };
}

/** The run as it would be with the other choice. */
export function recordedAs(run: RunInfo, logAccumBatch: boolean): RunInfo {
  return Object.freeze({ ...run, logAccumBatch, policy: Object.freeze({ ...run.policy, logAccumBatch }) });
}
