import type { UploadTimers, WaitReason } from '../src/upload/timers.js';

/** A clock that stands still until the uploader waits. */
export interface TestTimers extends UploadTimers {
  /** The waits that began, in order. */
  readonly waits: { readonly reason: WaitReason; readonly ms: number }[];
  /** Lets the time limits of the requests under way run out. */
  expire(): void;
  /** Called when the uploader waits for the log to grow or for a post to be due; it goes on when `go` is called. */
  onIdle: (go: () => void, ms: number) => void;
}

/**
 * Waits for another try end at once, and the clock shows that their time has passed; time limits run out by `expire`.
 */
export function testTimers(random: () => number = () => 0.5): TestTimers {
  const limits = new Set<() => void>();
  let now = 1_700_000_000_000;
  const timers: TestTimers = {
    waits: [],
    now: () => now,
    date: () => now,
    random,
    expire() {
      for (const end of limits) end();
    },
    onIdle: (go) => setImmediate(go),
    wait(reason, ms, signal) {
      if (signal.aborted) return Promise.resolve();
      if (reason !== 'time-limit') timers.waits.push({ reason, ms });
      return new Promise((resolve) => {
        function end(): void {
          limits.delete(end);
          signal.removeEventListener('abort', end);
          resolve();
        }
        signal.addEventListener('abort', end);
        const pass = () => {
          if (!signal.aborted) now += ms;
          end();
        };
        if (reason === 'time-limit') limits.add(end);
        else if (reason === 'retry') setImmediate(pass);
        else timers.onIdle(pass, ms);
      });
    },
  };
  return timers;
}
