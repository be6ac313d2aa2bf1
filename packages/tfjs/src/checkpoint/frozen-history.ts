import type { EpochEndEvent } from '@microbatch/core';

/** Events that were saved, frozen as events are. */
export function frozenHistory(saved: readonly EpochEndEvent[]): EpochEndEvent[] {
  return saved.map((event) => {
    const { train, valid } = event;
    Object.freeze(train);
    if (valid !== undefined) Object.freeze(valid);
    return Object.freeze(event);
  });
}
