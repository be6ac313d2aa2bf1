import type {
  AccumulatedBatchEvent,
  DiscardedWindowEvent,
  MicroBatchEvent,
  MicroBatchRecord,
  RunInfo,
} from '@microbatch/core/logger';
import type { Place, Reporter } from '../finding.js';
import { createMean, isNear } from '../near.js';
import { ranges } from '../ranges.js';

/** Checks what a window says of its micro-batches, and what it makes of them. */
export interface LineageAudit {
  /** The micro-batches that a window names are those that were open, with the same numbers. */
  check(event: AccumulatedBatchEvent | DiscardedWindowEvent): void;
  /** Loss, metrics, normalizer and samples are those of the micro-batches that it names. */
  checkMeans(event: AccumulatedBatchEvent): void;
}

const FIELDS = ['samples', 'weight', 'loss'] as const;

/** What the windows before, and the run before it was resumed, say of micro-batches. */
export interface LineageSources {
  /** The micro-batches since the last window, by microStep. */
  readonly open: ReadonlyMap<number, MicroBatchEvent>;
  /** The last micro-batch of the last window; 0 before the first. */
  closedUntil(): number;
  earlier(microStep: number): MicroBatchRecord | undefined;
}

export function createLineageAudit(
  { policy, resumedAt }: RunInfo,
  report: Reporter,
  { open, closedUntil, earlier }: LineageSources,
): LineageAudit {
  const before = resumedAt?.microStep ?? 0;
  /** Of the latest window that was checked: its metrics can be recomputed from these. */
  let trained: readonly MicroBatchEvent[] = [];

  function place(event: AccumulatedBatchEvent | DiscardedWindowEvent, microStep = event.microStep): Place {
    return event.type === 'accumulated-batch' ? { step: event.step, microStep } : { microStep };
  }

  /** What the micro-batch said of itself; undefined where no line of it can be found, which is told of elsewhere. */
  function toldBy(microStep: number): MicroBatchRecord | undefined {
    const event = open.get(microStep);
    if (event === undefined) return microStep <= before ? earlier(microStep) : undefined;
    const { batchSamples: samples, weight, loss, skipped } = event;
    return { microStep, samples, weight, loss, ...(skipped ? { skipped } : {}) };
  }

  function checkRecord(event: AccumulatedBatchEvent | DiscardedWindowEvent, record: MicroBatchRecord): void {
    const told = toldBy(record.microStep);
    if (told === undefined) return;
    for (const field of FIELDS) {
      if (Object.is(record[field], told[field])) continue;
      const message = `${nameOf(event)} says ${field} ${record[field]} of micro-batch ${record.microStep}, which says ${told[field]} itself`;
      report.fault('lineage', {
        at: place(event, record.microStep),
        key: field,
        expected: told[field],
        found: record[field],
        message,
      });
    }
    if (record.skipped === told.skipped) return;
    const message = `${nameOf(event)} and micro-batch ${record.microStep} itself differ in whether it was skipped`;
    report.fault('lineage', { at: place(event, record.microStep), key: 'skipped', message });
  }

  function checkMembers(event: AccumulatedBatchEvent | DiscardedWindowEvent): void {
    const named = new Set(event.microBatches.map(({ microStep }) => microStep));
    const leftOut = [...open.keys()].filter((microStep) => !named.has(microStep));
    if (leftOut.length > 0) {
      const message = `${nameOf(event)} leaves out micro-batch ${ranges(leftOut)} of its window`;
      report.fault('lineage', {
        at: place(event, leftOut[0]!),
        key: 'microBatches',
        expected: ranges(open.keys()),
        found: ranges(named),
        message,
      });
    }
    const [first, last] = [event.microBatches[0]?.microStep ?? event.microStep, event.microStep];
    const again = [...named].filter((microStep) => microStep <= closedUntil());
    if (again.length > 0) {
      const message = `${nameOf(event)} names micro-batch ${ranges(again)}, which an earlier window has`;
      report.fault('lineage', {
        at: place(event, again[0]!),
        key: 'microBatches',
        expected: `micro-batches from ${closedUntil() + 1} on`,
        found: ranges(named),
        message,
      });
      return;
    }
    const isRow = event.microBatches.every(({ microStep }, at) => microStep === first + at);
    if (isRow && first + named.size - 1 === last && named.size > 0) return;
    const message = `${nameOf(event)} ends at micro-batch ${last}, but names ${ranges(named) || 'none'}`;
    report.fault('lineage', {
      at: place(event),
      key: 'microBatches',
      expected: `micro-batches in a row up to ${last}`,
      found: ranges(named) || 'none',
      message,
    });
  }

  function checkSum(event: AccumulatedBatchEvent, key: 'normalizer' | 'windowSamples', expected: number): void {
    if (isNear(event[key], expected, 1e-12)) return;
    const message = `step ${event.step} says ${key} ${event[key]}, where its micro-batches make ${expected}`;
    report.fault('window-size', { at: place(event), key, expected, found: event[key], message });
  }

  function checkMetrics(event: AccumulatedBatchEvent): void {
    if (trained.length !== event.microBatches.length) return;
    const counted = trained.filter(({ skipped }) => !skipped);
    const weight = counted.reduce((sum, batch) => sum + batch.weight, 0);
    for (const [key, found] of Object.entries(event.metrics)) {
      const mean = createMean();
      for (const batch of counted) if (key in batch.metrics) mean.add(batch.weight, batch.metrics[key]!);
      // A metric that some lacked is the mean over those that had it.
      const normalizer = mean.weight === weight ? event.normalizer : mean.weight;
      if (mean.isTold(found, normalizer)) continue;
      const expected = mean.mean(normalizer);
      const message = `step ${event.step} says ${key} ${found}; its micro-batches make ${expected}`;
      report.fault('accumulated-metric', { at: place(event), key, expected, found, message });
    }
  }

  return {
    check(event) {
      trained = event.microBatches.flatMap(({ microStep }) => open.get(microStep) ?? []);
      for (const record of event.microBatches) checkRecord(event, record);
      checkMembers(event);
    },

    checkMeans(event) {
      const { step, loss, normalizer, microBatches } = event;
      const weight = microBatches.reduce((sum, record) => sum + record.weight, 0);
      checkSum(event, 'normalizer', policy.normalize === 'target' ? event.accumBatchSize : weight);
      checkSum(
        event,
        'windowSamples',
        microBatches.reduce((sum, { samples }) => sum + samples, 0),
      );
      const mean = createMean();
      for (const record of microBatches) if (!record.skipped) mean.add(record.weight, record.loss);
      if (!mean.isTold(loss, normalizer)) {
        const expected = mean.mean(normalizer);
        const message = `step ${step} says loss ${loss}; its micro-batches make ${expected}`;
        report.fault('accumulated-loss', { at: place(event), key: 'loss', expected, found: loss, message });
      }
      checkMetrics(event);
      trained = [];
    },
  };
}

function nameOf(event: AccumulatedBatchEvent | DiscardedWindowEvent): string {
  return event.type === 'accumulated-batch' ? `step ${event.step}` : `the window discarded (${event.reason})`;
}
