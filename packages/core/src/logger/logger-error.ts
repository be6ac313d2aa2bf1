/** Why a logger failed. Stable: programs may switch on it. */
export type LoggerErrorCode =
  | 'open-failed'
  | 'write-failed'
  | 'flush-failed'
  | 'close-failed'
  | 'exit-failed'
  | 'timeout'
  | 'not-open'
  | 'in-use'
  | (string & {});

/** An operational failure of a logger (a full disk, a lost connection); misuse is a `TypeError` instead. */
export class LoggerError extends Error {
  readonly code: LoggerErrorCode;
  /** The logger's name. */
  readonly logger: string;

  constructor(logger: string, code: LoggerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LoggerError';
    this.logger = logger;
    this.code = code;
  }
}
