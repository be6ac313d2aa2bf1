/** A checkpoint that a store keeps. */
export interface StoredCheckpoint {
  /** What messages call it: a path, a key. */
  readonly name: string;
  /** All its bytes. Throws where they can't be had. */
  read(): Uint8Array;
}

/**
 * Where checkpoints are kept. `checkpointFolder()` of `@microbatch/tfjs/checkpoints` is one for Node; a medium that reads
 * asynchronously reads what it keeps before `train()` is called.
 */
export interface CheckpointStore {
  /** What is kept, the newest first. Called once a run, by `train()` itself. */
  list(): readonly StoredCheckpoint[];
  /**
   * Keeps one more, as the newest: whole or not at all, and durable when the promise resolves. Its bytes are those of
   * `parts`, one behind the other. Not called again before the promise settles.
   */
  write(parts: readonly Uint8Array[]): Promise<void>;
}
