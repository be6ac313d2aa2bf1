import type { Clocks, StepAxis } from '@microbatch/core/logger';

/** In the order in which they are taken where a file fits several: windows of one micro-batch, micro-batches of one sample. */
export const STEP_AXES: readonly StepAxis[] = ['micro', 'accumulated', 'samples'];

const CLOCK_OF = { micro: 'microStep', accumulated: 'step', samples: 'samples' } as const;

/** A clock's value at an event. */
export function clockAt(event: Pick<Clocks, 'microStep' | 'step' | 'samples'>, axis: StepAxis): number {
  return event[CLOCK_OF[axis]];
}
