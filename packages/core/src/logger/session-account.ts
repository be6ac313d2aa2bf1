import type { Receipt } from './logger.js';
import { LoggerError, type LoggerErrorCode } from './logger-error.js';
import type { LoggerNotice } from './logger-notice.js';
import { TimeLimitError } from './within-limit.js';

/** What a sink may fail at. */
export type SinkOperation = 'open' | 'write' | 'flush' | 'checkpoint' | 'close' | 'exit';

/** What a session lost and what went wrong in it, as its receipt will say. */
export interface SessionAccount {
  /** Of all operations, in order. */
  readonly errors: readonly LoggerError[];
  drop(count: number, reason: string): void;
  /** Notes why an operation failed; what is no `LoggerError` becomes one. */
  fault(operation: SinkOperation, cause: unknown): LoggerError;
  /** Tells the user, of each code once. */
  tell(notice: LoggerNotice, error?: LoggerError): void;
  receipt(received: number, written: number): Receipt;
}

export function createSessionAccount(
  logger: string,
  notify: (notice: LoggerNotice, error?: LoggerError) => void,
): SessionAccount {
  const dropped: Record<string, number> = {};
  const errors: LoggerError[] = [];
  const told = new Set<string>();

  function failure(operation: SinkOperation, cause: unknown): LoggerError {
    const code: LoggerErrorCode = cause instanceof TimeLimitError ? 'timeout' : `${operation}-failed`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new LoggerError(logger, code, `logger ${logger}: ${operation} failed: ${reason}`, { cause });
  }

  return {
    errors,
    drop(count, reason) {
      if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
    },
    fault(operation, cause) {
      const error = cause instanceof LoggerError ? cause : failure(operation, cause);
      errors.push(error);
      return error;
    },
    tell(notice, error) {
      if (told.has(notice.code)) return;
      told.add(notice.code);
      notify(notice, error);
    },
    receipt: (received, written) =>
      Object.freeze({ logger, received, written, dropped: Object.freeze(dropped), errors: Object.freeze(errors) }),
  };
}
