import type { TrainEvent } from '@microbatch/core';
import { Observable, Subject } from 'rxjs';

/** The sending side of a run's stream. */
export interface RunEvents {
  /** Multicast; a late subscriber receives `run-start` first, then what comes. */
  readonly events$: Observable<TrainEvent>;
  /** Sends events in order, each once nobody needs relief any more; a promise of the last one only where that takes waiting. */
  emit(events: readonly TrainEvent[]): Promise<void> | undefined;
  complete(): void;
  error(error: unknown): void;
}

/** `whenRelieved` returns nothing, or, where a subscriber can take no event now, a promise of when it can. */
export function createRunEvents(whenRelieved: () => Promise<void> | undefined): RunEvents {
  const subject = new Subject<TrainEvent>();
  const queue: TrainEvent[] = [];
  let runStart: TrainEvent | undefined;
  let sending = false;
  let sent: Promise<void> | undefined;

  function send(): Promise<void> | undefined {
    while (queue.length > 0) {
      const relief = whenRelieved();
      if (relief !== undefined) {
        sent = relief.then(send);
        return sent;
      }
      const event = queue.shift()!;
      if (event.type === 'run-start') runStart = event;
      subject.next(event);
    }
    sending = false;
    sent = undefined;
    return undefined;
  }

  return {
    events$: new Observable((subscriber) => {
      if (runStart !== undefined) subscriber.next(runStart);
      return subject.subscribe(subscriber);
    }),
    emit(events) {
      queue.push(...events);
      // Somebody may cause events (`log`) in a handler or while others wait: they keep their order for every subscriber.
      if (sending) return sent;
      sending = true;
      return send();
    },
    complete: () => subject.complete(),
    error: (error) => subject.error(error),
  };
}
