// A terminal, npm and a wrapper may each pass the same Ctrl-C on: what follows this soon is not a second one.
const SAME_INTERRUPT_MS = 300;

/**
 * Stops a run at the first Ctrl-C, so that its files end well, and leaves at once at the second.
 * `interrupted` says whether there was one; `release` gives Ctrl-C back.
 */
export function stopOnInterrupt(run: { stop(): void }): { readonly interrupted: boolean; release(): void } {
  let firstAt: number | undefined;
  const onInterrupt = () => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      console.log('\nStopping; Ctrl-C again leaves at once');
      run.stop();
    } else if (performance.now() - firstAt > SAME_INTERRUPT_MS) {
      process.exit(INTERRUPTED);
    }
  };
  process.on('SIGINT', onInterrupt);
  return {
    get interrupted() {
      return firstAt !== undefined;
    },
    release: () => process.off('SIGINT', onInterrupt),
  };
}

/** The exit code of a process that Ctrl-C ended: 128 + SIGINT. */
export const INTERRUPTED = 130;
