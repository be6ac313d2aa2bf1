import type { MicroBatchRecord } from '@microbatch/core/logger';
import { type Column, createColumn } from '../column.js';

/** The micro-batches of a journal: what a later part of a resumed run may name in its first window. */
export interface MicroBatchHistory {
  add(record: MicroBatchRecord): void;
  /** Undefined for one that the journal does not have. */
  get(microStep: number): MicroBatchRecord | undefined;
  /** How many micro-batches up to this one weigh nothing, as those that are skipped. */
  weightlessUntil(microStep: number): number;
}

/** Begins behind micro-batch `before`. */
export function createMicroBatchHistory(before: number): MicroBatchHistory {
  // Columns, not objects: a million micro-batches are 40 MB.
  const fields: Record<'microStep' | 'samples' | 'weight' | 'loss' | 'skipped', Column> = {
    microStep: createColumn(),
    samples: createColumn(),
    weight: createColumn(),
    loss: createColumn(),
    skipped: createColumn(),
  };

  /** A journal without a gap has each at its own place. */
  function indexOf(microStep: number): number {
    let index = Math.min(microStep - before - 1, fields.microStep.length - 1);
    while (index > 0 && fields.microStep.at(index) > microStep) index -= 1;
    return fields.microStep.at(index) === microStep ? index : -1;
  }

  return {
    add({ microStep, samples, weight, loss, skipped }) {
      fields.microStep.push(microStep);
      fields.samples.push(samples);
      fields.weight.push(weight);
      fields.loss.push(loss);
      fields.skipped.push(skipped ? 1 : 0);
    },
    get(microStep) {
      const at = indexOf(microStep);
      if (at === -1) return undefined;
      return {
        microStep,
        samples: fields.samples.at(at),
        weight: fields.weight.at(at),
        loss: fields.loss.at(at),
        ...(fields.skipped.at(at) === 1 ? { skipped: true } : {}),
      };
    },
    weightlessUntil(microStep) {
      let count = 0;
      for (let at = 0; at < fields.microStep.length; at += 1) {
        if (fields.microStep.at(at) <= microStep && fields.weight.at(at) === 0) count += 1;
      }
      return count;
    },
  };
}
