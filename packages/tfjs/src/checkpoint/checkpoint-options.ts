import { assertKnownOptions, assertPositiveInteger, show } from '../option-checks.js';
import type { CheckpointStore } from './checkpoint-store.js';
import type { Restorable } from './restorable.js';

/** When a checkpoint is due: after every so many of one of them. */
export type CheckpointInterval =
  | { readonly microBatches: number }
  | { readonly steps: number }
  | { readonly epochs: number };

/**
 * What happens where the store has a checkpoint: `'auto'` goes on from it, or begins where there is none; `'must'` needs one;
 * `'never'` begins anew.
 */
export type ResumeMode = 'auto' | 'must' | 'never';

/** How a training is saved, so that a killed one can be gone on with. */
export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** More are written before the first micro-batch, when the run is stopped, and when it is finished. */
  readonly every: CheckpointInterval;
  /** `'auto'` by default. */
  readonly resume?: ResumeMode;
  /** What else is to be saved, by a name: the state of random numbers of your own, say. */
  readonly state?: Readonly<Record<string, Restorable>>;
}

const RESUME_MODES: readonly ResumeMode[] = ['auto', 'must', 'never'];

/** Checks the option. Throws a `TypeError` or `RangeError` that names it and the value. */
export function assertCheckpointOptions(options: unknown): asserts options is CheckpointOptions {
  assertKnownOptions('checkpoints', options, ['store', 'every', 'resume', 'state']);
  const { store, every, resume, state } = options as Partial<CheckpointOptions>;
  if (typeof store?.list !== 'function' || typeof store.write !== 'function') {
    throw new TypeError(
      `checkpoints.store must have list() and write(), as that of checkpointFolder() has, not be ${show(store)}`,
    );
  }
  assertKnownOptions('checkpoints.every', every, ['microBatches', 'steps', 'epochs']);
  const intervals = Object.entries(every as object).filter(([, value]) => value !== undefined);
  if (intervals.length !== 1) {
    throw new TypeError(
      `checkpoints.every must be one of { microBatches }, { steps } and { epochs }, not ${show(every)}`,
    );
  }
  for (const [unit, count] of intervals) assertPositiveInteger(`checkpoints.every.${unit}`, count);
  if (resume !== undefined && !RESUME_MODES.includes(resume)) {
    throw new TypeError(`checkpoints.resume must be ${RESUME_MODES.map(show).join(', ')}, not ${show(resume)}`);
  }
  if (state !== undefined) assertState(state);
}

function assertState(state: Readonly<Record<string, Restorable>>): void {
  if (typeof state !== 'object' || state === null) {
    throw new TypeError(`checkpoints.state must be an object, not ${show(state)}`);
  }
  for (const [name, own] of Object.entries(state)) {
    if (typeof own?.save === 'function' && typeof own.restore === 'function') continue;
    throw new TypeError(`checkpoints.state.${name} must have save() and restore(), not be ${show(own)}`);
  }
}
