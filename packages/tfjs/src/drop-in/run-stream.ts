import { type TrainEvent, whenRelieved } from '@microbatch/core';
import { defer, EMPTY, type Observable, Subject, switchMap, take } from 'rxjs';
import { createRunEvents, type RunEvents } from '../run-events.js';

/** The events of runs that follow each other. */
export interface RunStream {
  /** For each subscriber one run: the one under way, or else the next; completes with it. */
  readonly events$: Observable<TrainEvent>;
  /** Begins the stream of a run; who waits for the next one gets this. */
  begin(runId: string): Pick<RunEvents, 'emit' | 'complete'>;
  /** What was to be the next run never began: lets go who waits for it. */
  giveUp(): void;
  /** There will be no further run: lets go who waits for one. */
  close(): void;
}

export function createRunStream(): RunStream {
  const next$ = new Subject<Observable<TrainEvent>>();
  let current: RunEvents | undefined;
  return {
    events$: defer(
      () =>
        current?.events$ ??
        next$.pipe(
          take(1),
          switchMap((events$) => events$),
        ),
    ),
    begin(runId) {
      const events = createRunEvents(() => whenRelieved(runId));
      current = events;
      next$.next(events.events$);
      return {
        emit: events.emit,
        complete() {
          if (current === events) current = undefined;
          events.complete();
        },
      };
    },
    giveUp: () => next$.next(EMPTY),
    close: () => next$.complete(),
  };
}
