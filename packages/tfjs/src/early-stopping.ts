import type { Accumulator, EpochEndEvent } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import { createBestWeights, type NamedTensor } from './best-weights.js';
import type { EarlyStoppingRule } from './early-stopping-options.js';

/** How early stopping judged a run. */
export interface EarlyStoppingResult {
  /** The epoch that had the best value, from 1, and the value; absent where it was never a finite number. */
  readonly bestEpoch?: number;
  readonly best?: number;
  /** The last epoch, from 1, where training ended for lack of improvement. */
  readonly stoppedAfterEpoch?: number;
  /** Whether the model has the weights of the best epoch because `restoreBest` wanted it so. */
  readonly restored: boolean;
}

/** What early stopping remembers from epoch to epoch: JSON, and the tensors that it kept. */
export interface EarlyStoppingSnapshot {
  readonly state: EarlyStoppingState;
  /** The best weights; empty without `restoreBest`. They still belong to whom the snapshot was taken of. */
  readonly tensors: readonly NamedTensor[];
}

/** The part of the snapshot that is JSON. */
export interface EarlyStoppingState {
  readonly best: number | null;
  readonly bestEpoch: number | null;
  /** Epochs in a row without improvement. */
  readonly waited: number;
  readonly stoppedAfterEpoch: number | null;
}

/**
 * Ends training where a value of its epochs does not improve any more, with the rules of Keras' `EarlyStopping`
 * (keras:keras/src/callbacks/early_stopping.py), save that a value which is not finite is never the best.
 */
export interface EarlyStopping {
  /** Takes note of an epoch; true where training has to end. Throws a `RangeError` where the epoch lacks the value. */
  judge(epoch: EpochEndEvent): boolean;
  /** Training is over after so many epochs, by itself or as judged: restores the best weights where wanted, says what to tell. */
  finish(epochs: number): Parameters<Accumulator['diagnose']>[0] | undefined;
  result(): EarlyStoppingResult;
  snapshot(): EarlyStoppingSnapshot;
  /** Goes on from a snapshot, whose tensors stay the caller's. */
  restore(snapshot: EarlyStoppingSnapshot): void;
  dispose(): void;
}

/** `variables` are all that the model remembers. */
export function createEarlyStopping(rule: EarlyStoppingRule, variables: readonly tf.Variable[]): EarlyStopping {
  const { monitor, from, name, patience, minDelta, mode, restoreBest } = rule;
  const bestWeights = createBestWeights(variables);
  let best: number | undefined;
  let bestEpoch: number | undefined;
  let waited = 0;
  let stoppedAfterEpoch: number | undefined;
  let restored = false;

  function improves(value: number): boolean {
    if (!Number.isFinite(value)) return false;
    if (best === undefined) return true;
    return mode === 'min' ? value + minDelta < best : value - minDelta > best;
  }

  function describe(lastEpoch: number): string {
    const outcome =
      stoppedAfterEpoch === undefined
        ? `training ended with epoch ${lastEpoch}`
        : `${monitor} has not improved for ${waited} ${waited === 1 ? 'epoch' : 'epochs'}: training ends after epoch ${lastEpoch}`;
    if (bestEpoch === undefined) return `${outcome}; ${monitor} was never a finite number, so no epoch was the best`;
    return `${outcome}; the best ${monitor} was ${best}, in epoch ${bestEpoch}${restored ? ', whose weights the model has again' : ''}`;
  }

  return {
    judge(event) {
      const { epoch } = event;
      // An epoch all of whose micro-batches were skipped has no means, and no best value either.
      const allSkipped = from === 'train' && Object.keys(event.train).length === 0;
      const value = allSkipped ? Number.NaN : event[from]?.[name];
      if (value === undefined)
        throw new RangeError(`earlyStopping.monitor is '${monitor}', but ${describeValues(event)}`);
      if (improves(value)) {
        best = value;
        bestEpoch = epoch;
        waited = 0;
        if (restoreBest) bestWeights.keep();
        return false;
      }
      waited += 1;
      if (waited < patience || epoch === 1) return false;
      stoppedAfterEpoch = epoch;
      return true;
    },

    finish(epochs) {
      if (restoreBest && bestEpoch !== undefined) {
        bestWeights.restore();
        restored = true;
      }
      if (stoppedAfterEpoch !== undefined) {
        return { level: bestEpoch === undefined ? 'warn' : 'info', code: 'early-stopping', message: describe(epochs) };
      }
      return restoreBest
        ? { level: restored ? 'info' : 'warn', code: 'best-weights', message: describe(epochs) }
        : undefined;
    },

    result: () => ({
      ...(best === undefined || bestEpoch === undefined ? {} : { best, bestEpoch }),
      ...(stoppedAfterEpoch === undefined ? {} : { stoppedAfterEpoch }),
      restored,
    }),

    snapshot: () => ({
      state: {
        best: best ?? null,
        bestEpoch: bestEpoch ?? null,
        waited,
        stoppedAfterEpoch: stoppedAfterEpoch ?? null,
      },
      tensors: bestWeights.named(),
    }),

    restore({ state, tensors }) {
      bestWeights.load(tensors);
      best = state.best ?? undefined;
      bestEpoch = state.bestEpoch ?? undefined;
      waited = state.waited;
      stoppedAfterEpoch = state.stoppedAfterEpoch ?? undefined;
    },

    dispose: () => bestWeights.dispose(),
  };
}

function describeValues({ epoch, train, valid = {} }: EpochEndEvent): string {
  const names = [
    ...Object.keys(train).map((name) => `train.${name}`),
    ...Object.keys(valid).map((name) => `valid.${name}`),
  ];
  return `epoch ${epoch} has ${names.join(', ') || 'no values'}`;
}
