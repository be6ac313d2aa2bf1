type Schedule = (callback: () => void) => void;

/** Resolves in a task of its own, so that timers, I/O and painting get their turn. */
export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    schedule(resolve);
  });
}

/** Gives the event loop its turn where the last one is at least this long ago; ms. */
const TURN_MS = 16;

/** Returns nothing, or, where the event loop was kept waiting for 16 ms, a promise of its turn. */
export type Pacer = () => Promise<void> | undefined;

/** `now` in ms. */
export function createPacer(now: () => number = () => performance.now()): Pacer {
  let lastTurn = now();
  return () => {
    if (now() - lastTurn < TURN_MS) return undefined;
    return nextMacrotask().then(() => {
      lastTurn = now();
    });
  };
}

// A timer of 0 ms waits 1 ms in Node and 4 ms in browsers once it is nested.
const schedule: Schedule =
  (globalThis as { setImmediate?: Schedule }).setImmediate ??
  (typeof MessageChannel === 'undefined' ? (callback) => setTimeout(callback, 0) : messageSchedule());

function messageSchedule(): Schedule {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(undefined);
  };
}
