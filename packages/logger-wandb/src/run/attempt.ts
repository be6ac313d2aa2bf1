import { LoggerError, type LoggerErrorCode } from '@microbatch/core/logger';

/** Does `work`. What the file system throws becomes a `LoggerError` that says `what`; misuse stays as it is. */
export function attempt<T>(code: LoggerErrorCode, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof LoggerError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LoggerError('wandb', code, `wandb: ${what}: ${reason}`, { cause });
  }
}
