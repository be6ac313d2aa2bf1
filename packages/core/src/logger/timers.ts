// The same two functions in Node and in browsers; their type declarations differ, and core uses neither's.
interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

const timers = globalThis as unknown as Timers;

export const setTimeout: Timers['setTimeout'] = (callback, ms) => timers.setTimeout(callback, ms);
export const clearTimeout: Timers['clearTimeout'] = (timer) => timers.clearTimeout(timer);
