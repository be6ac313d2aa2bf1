/** What a command does about Ctrl-C and SIGTERM. */
export interface Interrupts {
  /** The first that came. */
  readonly signal: 'SIGINT' | 'SIGTERM' | undefined;
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
    release,
  };
}
