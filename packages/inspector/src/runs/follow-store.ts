import type { RunStore } from './run-store.js';

/** Keeps a store up to date. */
export interface StoreFollower {
  /** The error that keeps the root from being read; absent while it can be. */
  readonly failure: Error | undefined;
  /** Whether everything that was found has been read once. */
  readonly isLoaded: boolean;
  /** Follows the files while somebody looks: each call ends with the call of what it returned. */
  watch(): () => void;
  close(): void;
}

const READ_EVERY_MS = 400;
const FIND_EVERY_MS = 800;
/** What looking may take of the machine: a tenth. */
const REST = 9;

/** Reads what a store has found, and from then on finds and reads while it is watched. `onChange` is called when something may be new. */
export function followStore(store: RunStore, onChange: () => void): StoreFollower {
  let watchers = 0;
  let isClosed = false;
  let isLoaded = false;
  let failure: Error | undefined;
  const timers = new Set<NodeJS.Timeout>();

  /** Does something again and again, at most a tenth of the time. */
  function repeat(action: () => Promise<void>, everyMs: number): void {
    async function turn(): Promise<void> {
      const began = performance.now();
      if (watchers > 0) await action();
      if (isClosed) return;
      const tookMs = performance.now() - began;
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          void turn();
        },
        Math.max(everyMs, tookMs * REST),
      );
      timers.add(timer);
    }
    void turn();
  }

  async function find(): Promise<void> {
    try {
      await store.find();
      failure = undefined;
    } catch (error) {
      failure = error as Error;
    }
    onChange();
  }

  async function read(): Promise<void> {
    await store.read(onChange);
    onChange();
  }

  /** A new run is read at once. */
  async function findAndRead(): Promise<void> {
    await find();
    await read();
  }

  void read().then(() => {
    isLoaded = true;
    onChange();
    if (isClosed) return;
    repeat(findAndRead, FIND_EVERY_MS);
    repeat(read, READ_EVERY_MS);
  });

  return {
    get failure() {
      return failure;
    },
    get isLoaded() {
      return isLoaded;
    },
    watch() {
      watchers++;
      return () => {
        watchers--;
      };
    },
    close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
