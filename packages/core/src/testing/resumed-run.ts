import { deepFreeze } from '../logger/deep-freeze.js';
import type { TrainEvent } from '../logger/train-event.js';

/** What a run sends that goes on behind the first `count` events of a stream: its own `run-start`, then the others. */
export function resumedRun(events: readonly TrainEvent[], count: number): readonly TrainEvent[] {
  const [start] = events;
  const last = events[count - 1];
  if (start?.type !== 'run-start' || last === undefined) {
    throw new RangeError(`a run goes on behind 1 to ${events.length} events that start with run-start, not ${count}`);
  }
  const { microStep, step, samples, epoch, time } = last;
  const run = { ...start.run, resumedAt: { microStep, step, samples } };
  return [deepFreeze({ type: 'run-start', microStep, step, samples, epoch, time, run }), ...events.slice(count)];
}
