/** A request to stop that whoever waits can be woken by. */
export interface StopSignal {
  readonly requested: boolean;
  request(): void;
  /** Settles as `promise` does, or resolves with `undefined` at a request, whichever is first. */
  orStop<T>(promise: PromiseLike<T>): Promise<T | undefined>;
}

export function createStopSignal(): StopSignal {
  // Waiters remove themselves: `Promise.race` against one long-lived promise would keep every waiter of a run in memory.
  const waiters = new Set<() => void>();
  let requested = false;
  return {
    get requested() {
      return requested;
    },
    request() {
      requested = true;
      for (const wake of waiters) wake();
    },
    orStop<T>(promise: PromiseLike<T>) {
      if (requested) return Promise.resolve(undefined);
      return new Promise<T | undefined>((resolve, reject) => {
        const wake = () => resolve(undefined);
        const settle = () => waiters.delete(wake);
        waiters.add(wake);
        promise.then(
          (value) => {
            settle();
            resolve(value);
          },
          (error: unknown) => {
            settle();
            reject(error);
          },
        );
      });
    },
  };
}
