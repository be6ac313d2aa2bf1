import type { LoggerSession } from '../logger/logger.js';

// Keyed by run, not by observable: a recorded stream may have passed through any operators on its way.
const sessionsByRun = new Map<string, Set<LoggerSession>>();

/** Lets the training of a run see how full a logger's queue is. Returns what takes it back. */
export function watchPressure(runId: string, session: LoggerSession): () => void {
  const sessions = sessionsByRun.get(runId) ?? new Set();
  sessionsByRun.set(runId, sessions.add(session));
  return () => {
    sessions.delete(session);
    if (sessions.size === 0 && sessionsByRun.get(runId) === sessions) sessionsByRun.delete(runId);
  };
}

/** `undefined` where no recorded queue of this run is more than half full; else resolves once that is so again. */
export function whenRelieved(runId: string): Promise<void> | undefined {
  const sessions = sessionsByRun.get(runId);
  if (sessions === undefined) return undefined;
  const full = [...sessions].filter((session) => session.pressure > 0.5);
  return full.length === 0 ? undefined : Promise.all(full.map((session) => session.relieved())).then(() => {});
}
