import type { LineQueue } from './line-queue.js';
import type { ServerRun } from './run-bucket.js';

/** What waits in a queue on its way to the server, one at a time, beside the posts. */
export interface Transfer {
  /** Begins with the next one, where none is on its way. Throws what ended an earlier one. */
  start(run: ServerRun): void;
  readonly isBusy: boolean;
  /** Resolves when none is on its way any more. */
  close(): Promise<void>;
}

/** `send` takes the first line out of the queue when it is dealt with; `onDone` is called after each. */
export function createTransfer(
  queue: LineQueue,
  send: (line: string, run: ServerRun) => Promise<void>,
  onDone: () => void,
): Transfer {
  let current: Promise<void> | undefined;
  let failure: unknown;

  return {
    start(run) {
      if (failure !== undefined) throw failure;
      if (current !== undefined || queue.waiting === 0) return;
      current = send(queue.batch(0).lines[0]!, run)
        .catch((error) => {
          failure = error;
        })
        .finally(() => {
          current = undefined;
          onDone();
        });
    },
    get isBusy() {
      return current !== undefined;
    },
    async close() {
      await current;
    },
  };
}
