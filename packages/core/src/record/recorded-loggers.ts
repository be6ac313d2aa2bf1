import type { JsonValue } from '../logger/json-codec.js';
import type { LoggerSession } from '../logger/logger.js';

/**
 * What the loggers of a run need to go on with it, by their names; where several have one name, the second is called
 * `name-2`, and so on in the order of their `record()`.
 */
export type LoggerStates = Readonly<Record<string, JsonValue>>;

// Keyed by run, not by observable: a recorded stream may have passed through any operators on its way.
const sessionsByRun = new Map<string, Map<string, LoggerSession>>();
const statesByRun = new Map<string, LoggerStates>();

/**
 * Lets the training of a run ask a logger that records it, and gives the logger its state of a run that is resumed.
 * Returns what takes the logger out again.
 */
export function joinRun(runId: string, loggerName: string, session: LoggerSession): () => void {
  const sessions = sessionsByRun.get(runId) ?? new Map<string, LoggerSession>();
  const key = freeKey(sessions, loggerName);
  sessionsByRun.set(runId, sessions.set(key, session));
  const state = statesByRun.get(runId)?.[key];
  if (state !== undefined) session.restore(state);
  return () => {
    sessions.delete(key);
    if (sessions.size === 0 && sessionsByRun.get(runId) === sessions) sessionsByRun.delete(runId);
  };
}

/** `undefined` where no recorded queue of this run is more than half full; else resolves once that is so again. */
export function whenRelieved(runId: string): Promise<void> | undefined {
  const sessions = sessionsByRun.get(runId);
  if (sessions === undefined) return undefined;
  const full = [...sessions.values()].filter((session) => session.pressure > 0.5);
  return full.length === 0 ? undefined : Promise.all(full.map((session) => session.relieved())).then(() => {});
}

/**
 * Makes all that the loggers of a run were told durable, as far as it is complete; resolves with what each needs to go on
 * from here. A logger that has failed, or fails at this, is left out: it has told of that itself.
 */
export async function checkpointLoggers(runId: string): Promise<LoggerStates> {
  const sessions = [...(sessionsByRun.get(runId) ?? [])];
  const states = await Promise.all(
    sessions.map(async ([key, session]) => [key, await session.checkpoint().catch(() => undefined)] as const),
  );
  return Object.fromEntries(states.filter((entry): entry is readonly [string, JsonValue] => entry[1] !== undefined));
}

/**
 * Hands the loggers that will record a run what `checkpointLoggers` returned; to be called before its `run-start` is sent.
 * Returns what ends that.
 */
export function resumeLoggers(runId: string, states: LoggerStates): () => void {
  statesByRun.set(runId, states);
  return () => {
    if (statesByRun.get(runId) === states) statesByRun.delete(runId);
  };
}

function freeKey(taken: ReadonlyMap<string, LoggerSession>, name: string): string {
  for (let count = 1; ; count += 1) {
    const key = count === 1 ? name : `${name}-${count}`;
    if (!taken.has(key)) return key;
  }
}
