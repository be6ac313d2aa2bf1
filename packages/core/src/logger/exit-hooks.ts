import type { RunOutcome } from './train-event.js';

/** What wants a last word before the process goes. */
export interface ExitHook {
  /** Somebody else decides whether the process goes. */
  flushSync(): void;
  /** `exitCode` is the process's own; absent where a signal or an uncaught error ends it. */
  exitSync(outcome: RunOutcome, exitCode?: number): void;
}

interface NodeProcess {
  readonly pid: number;
  readonly versions?: { readonly node?: string };
  prependListener(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
  listeners(event: string): readonly object[];
  kill(pid: number, signal: string): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// Two copies of this module must not wait for each other to end the process.
const OURS: symbol = Symbol.for('microbatch.exit-hook');

// What Emscripten's loader adds, and with it TensorFlow.js's wasm backend: `if (!(ex instanceof ExitStatus)) throw ex`.
// It handles nothing, and Node then ends the process without 'exit'.
const THROWS_AGAIN = /^[^{]*\{\s*if\s*\(!\(\w+ instanceof \w+\)\)\s*\{?\s*throw \w+;?\s*\}?\s*\}$/;

const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): void };

const hooks = new Set<ExitHook>();
const node = (globalThis as { process?: NodeProcess }).process;

function leave(outcome: RunOutcome, exitCode?: number): void {
  for (const hook of hooks) hook.exitSync(outcome, exitCode);
}

const listeners: Readonly<Record<string, (...args: never[]) => void>> = {
  // An empty event loop before the stream's end: nothing can come any more.
  exit: mark((code: number) => leave(code === 0 ? 'stopped' : 'failed', code)),
  uncaughtExceptionMonitor: mark(() => {
    // Somebody else catches what nobody caught: the process may go on.
    if (!foreign('uncaughtException')) leave('failed');
  }),
  ...Object.fromEntries(SIGNALS.map((signal) => [signal, mark(() => onSignal(signal))])),
};

function onSignal(signal: string): void {
  node!.off(signal, listeners[signal]!);
  if (!foreign(signal)) {
    leave('stopped');
    node!.kill(node!.pid, signal);
    return;
  }
  // Somebody else decides. Many end the process only if nobody but they listens, so that this listener must be gone
  // while they look; and they end it without an 'exit' event.
  for (const hook of hooks) hook.flushSync();
  setImmediate(() => {
    if (hooks.size > 0 && !node!.listeners(signal).includes(listeners[signal]!)) {
      node!.prependListener(signal, listeners[signal]!);
    }
  });
}

function foreign(event: string): boolean {
  return node!.listeners(event).some((listener) => !(OURS in listener) && !THROWS_AGAIN.test(String(listener)));
}

function mark<T extends (...args: never[]) => void>(listener: T): T {
  return Object.assign(listener, { [OURS]: true });
}

/**
 * Calls the hook once the process is about to go: event loop empty, `process.exit()`, an uncaught error, or a signal
 * that nobody else handles; the process then ends as it would have. Returns what takes the hook back. Does nothing
 * outside Node.
 */
export function addExitHook(hook: ExitHook): () => void {
  if (node?.versions?.node === undefined) return () => {};
  if (hooks.size === 0) for (const event in listeners) node.prependListener(event, listeners[event]!);
  hooks.add(hook);
  return () => {
    if (hooks.delete(hook) && hooks.size === 0) for (const event in listeners) node.off(event, listeners[event]!);
  };
}
