/** What a command does about Ctrl-C and SIGTERM. */
export interface Interrupts {
  /** The first that came. */
  readonly signal: 'SIGINT' | 'SIGTERM' | undefined;
  /**
   * Resolves when a signal that came before now has been taken: Ctrl-C ends a pipeline's programs together, and the end of
   * their output can be read before the signal that made it.
   */
  settle(): Promise<void>;
  /** From now on they end the process as they would have. */
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Calls `listener` at the first of them; the second ends the process. */
export function onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): Interrupts {
  let first: 'SIGINT' | 'SIGTERM' | undefined;
  const listeners = SIGNALS.map((signal) => [signal, () => take(signal)] as const);

  function release(): void {
    for (const [signal, own] of listeners) process.off(signal, own);
  }

  function take(signal: 'SIGINT' | 'SIGTERM'): void {
    first = signal;
    release();
    listener(signal);
  }

  for (const [signal, own] of listeners) process.on(signal, own);
  return {
    get signal() {
      return first;
    },
    async settle() {
      // Signals are taken where Node polls: once more after this turn's.
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    release,
  };
}
