import type { TrainEvent } from '@microbatch/core';
import { Observable, Subject } from 'rxjs';

/** The sending side of a run's stream. */
export interface RunEvents {
  /** Multicast; a late subscriber receives `run-start` first, then what comes. */
  readonly events$: Observable<TrainEvent>;
  emit(events: readonly TrainEvent[]): void;
  complete(): void;
  error(error: unknown): void;
}

export function createRunEvents(): RunEvents {
  const subject = new Subject<TrainEvent>();
  const queue: TrainEvent[] = [];
  let runStart: TrainEvent | undefined;
  let emitting = false;

  return {
    events$: new Observable((subscriber) => {
      if (runStart !== undefined) subscriber.next(runStart);
      return subject.subscribe(subscriber);
    }),
    emit(events) {
      queue.push(...events);
      // A subscriber may cause events (`log`): each goes to every subscriber before the next one does.
      if (emitting) return;
      emitting = true;
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        if (event.type === 'run-start') runStart = event;
        subject.next(event);
      }
      emitting = false;
    },
    complete: () => subject.complete(),
    error: (error) => subject.error(error),
  };
}
