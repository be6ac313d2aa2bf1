import type { EpochEndEvent, MicroBatchEvent, RunInfo } from '@microbatch/core/logger';
import type { Reporter } from '../finding.js';
import { createMean, type RecomputedMean } from '../near.js';
import type { Sequence } from './batch-counter.js';

/** Recomputes the means that an epoch's end tells: over its micro-batches, weighted by their samples. */
export interface EpochAudit {
  train(event: MicroBatchEvent, sequence: Sequence): void;
  end(event: EpochEndEvent): void;
}

export function createEpochAudit({ resumedAt }: RunInfo, report: Reporter): EpochAudit {
  const means = new Map<string, RecomputedMean>();
  // A resumed run may begin within an epoch; and where a micro-batch's line is missing, its loss is unknown.
  let isWhole = resumedAt === undefined;

  function add(key: string, weight: number, value: number): void {
    let mean = means.get(key);
    if (mean === undefined) {
      mean = createMean();
      means.set(key, mean);
    }
    mean.add(weight, value);
  }

  return {
    train({ loss, metrics, batchSamples, weight }, sequence) {
      if (sequence === 'gap') isWhole = false;
      // The loss of what weighs nothing is a mean over nothing.
      if (weight === 0 || !isWhole) return;
      add('loss', batchSamples, loss);
      for (const key in metrics) add(key, batchSamples, metrics[key]!);
    },
    end(event) {
      for (const [key, found] of Object.entries(isWhole ? event.train : {})) {
        const mean = means.get(key) ?? createMean();
        if (mean.isTold(found, mean.weight)) continue;
        const expected = mean.mean(mean.weight);
        const message = `the epoch that ends at micro-batch ${event.microStep} says train ${key} ${found}; its micro-batches make ${expected}`;
        report.fault('epoch-mean', { at: { microStep: event.microStep }, key, expected, found, message });
      }
      means.clear();
      isWhole = true;
    },
  };
}
