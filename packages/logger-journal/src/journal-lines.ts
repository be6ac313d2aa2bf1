import { eventFromJson, LoggerError, type TrainEvent } from '@microbatch/core/logger';
import { type Line, readLines } from './read-lines.js';

/** The lines of a journal from byte `start` on. Rejects with a `LoggerError` (`read-failed`). */
export async function* journalLines(path: string, start = 0): AsyncGenerator<readonly Line[]> {
  try {
    yield* readLines(path, start);
  } catch (cause) {
    throw new LoggerError('journal', 'read-failed', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Undefined where a line is no JSON. */
export function parseLine(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The frozen event of a parsed line. Throws a `LoggerError` (`damaged-line`). */
export function eventOfLine(path: string, lineNumber: number, json: unknown): TrainEvent {
  try {
    return eventFromJson(json);
  } catch (cause) {
    throw damagedLine(path, lineNumber, (cause as Error).message, cause);
  }
}

export function damagedLine(path: string, lineNumber: number, why: string, cause?: unknown): LoggerError {
  return new LoggerError('journal', 'damaged-line', `${path}: line ${lineNumber} can't be read: ${why}`, { cause });
}
