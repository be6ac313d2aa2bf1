/**
 * Why a checkpoint can't be used: `damaged`: it is torn or was changed; `not-a-checkpoint`: its bytes begin otherwise;
 * `unknown-schema`: a version of this package wrote it whose form this one does not know; `other-run`, `other-training`,
 * `other-optimizer`: it was taken of something else; `no-checkpoint`: there is none to go on from; `in-use`: another
 * process writes into the same store; `write-failed`: see its `cause`.
 */
export type CheckpointErrorCode =
  | 'damaged'
  | 'not-a-checkpoint'
  | 'unknown-schema'
  | 'other-run'
  | 'other-training'
  | 'other-optimizer'
  | 'no-checkpoint'
  | 'in-use'
  | 'write-failed';

/** A checkpoint that can't be read, does not fit, or could not be written; the message names it. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: CheckpointErrorCode;

  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Puts the checkpoint's name before what is wrong with it. */
export function named(name: string, error: unknown): unknown {
  if (!(error instanceof CheckpointError)) return error;
  return new CheckpointError(error.code, `checkpoint ${name}: ${error.message}`, { cause: error });
}
