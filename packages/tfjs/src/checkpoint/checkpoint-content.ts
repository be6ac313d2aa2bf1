import type { AccumulatorSnapshot, EpochEndEvent, LoggerStates } from '@microbatch/core';

/** The types of numbers that a checkpoint holds; also their names in NumPy. */
export type SavedDtype = 'float32' | 'int32' | 'bool';

/** A tensor's numbers, in its row-major order, little-endian; a `bool` is one byte, 0 or 1. */
export interface SavedTensor {
  /** Whose it is. */
  readonly part: string;
  readonly name: string;
  readonly dtype: SavedDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Where the reading of the data goes on. */
export interface DataPosition {
  /** The index of the epoch. */
  readonly epoch: number;
  /** Micro-batches of it that lie behind. */
  readonly microBatch: number;
  /** Nothing more of it is to be read: what is left is its end. */
  readonly isRead: boolean;
}

/** What a checkpoint says beside its tensors: plain data. */
export interface CheckpointData {
  readonly runId: string;
  /** ms since 1970. */
  readonly savedAt: number;
  readonly microStep: number;
  readonly step: number;
  /** The training is over: nothing is left to do. */
  readonly finished: boolean;
  /** The version of `@tensorflow/tfjs-core`. */
  readonly tfjs: string;
  readonly backend: string;
  /** What a training must have in common with this one to go on from here. */
  readonly training: unknown;
  readonly position: DataPosition;
  readonly accumulator: AccumulatorSnapshot;
  /** The `epoch-end` events so far. */
  readonly history: readonly EpochEndEvent[];
  readonly loggers: LoggerStates;
  /** What each part keeps beside tensors, by the part's name. */
  readonly parts: Readonly<Record<string, unknown>>;
}

/** All that a checkpoint holds. */
export interface CheckpointContent {
  readonly data: CheckpointData;
  readonly tensors: readonly SavedTensor[];
}
