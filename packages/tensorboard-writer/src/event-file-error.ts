/** Why a file could not be written or read. Stable: programs may switch on it. */
export type EventFileErrorCode =
  | 'open-failed'
  | 'write-failed'
  | 'file-deleted'
  | 'events-dropped'
  | 'closed'
  | 'read-failed';

/** An operational failure (a full disk, a missing file), with the system's error as `cause`; misuse is a `TypeError` or `RangeError`. */
export class EventFileError extends Error {
  readonly code: EventFileErrorCode;
  /** The file or folder. */
  readonly path: string;
  /** How many events were lost, where the code is `'events-dropped'`. */
  readonly dropped: number | undefined;

  constructor(
    code: EventFileErrorCode,
    path: string,
    message: string,
    options?: { readonly cause?: unknown; readonly dropped?: number },
  ) {
    super(message, options);
    this.name = 'EventFileError';
    this.code = code;
    this.path = path;
    this.dropped = options?.dropped;
  }
}

/** The system's words for a failure, for the end of a message. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
