import { setTimeout } from '../logger/timers.js';
import { check } from './assertions.js';

interface RejectionEvents {
  on(event: 'unhandledRejection', listener: (reason: unknown) => void): void;
  off(event: 'unhandledRejection', listener: (reason: unknown) => void): void;
}

const node = (globalThis as { process?: RejectionEvents }).process;

/** Does the work, then rejects if a promise was rejected meanwhile that nobody looks after. Only Node tells. */
export async function withoutUnhandledRejections(work: () => Promise<void>): Promise<void> {
  const reasons: unknown[] = [];
  const listener = (reason: unknown) => {
    reasons.push(reason);
  };
  node?.on?.('unhandledRejection', listener);
  try {
    await work();
    await macrotask();
  } finally {
    node?.off?.('unhandledRejection', listener);
  }
  check(reasons.length === 0, `leaves a rejected promise that nobody handles: ${reasons[0]}`);
}

/** Resolves once everything has run that waited when it was called. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
