import type { AccumulatedBatchEvent, TrainEvent } from '@microbatch/core';
import type { Observable } from 'rxjs';

/** The accumulated batches of a run, as they come. */
export function optimizerSteps(events$: Observable<TrainEvent>): readonly AccumulatedBatchEvent[] {
  const steps: AccumulatedBatchEvent[] = [];
  events$.subscribe({
    next(event) {
      if (event.type === 'accumulated-batch') steps.push(event);
    },
    // Who waits for the run learns of it.
    error() {},
  });
  return steps;
}
