import type { RunInfo } from '../logger/run-info.js';
import type {
  AccumulatedBatchEvent,
  DiscardedWindowEvent,
  MicroBatchEvent,
  MicroBatchRecord,
} from '../logger/train-event.js';
import { check } from './assertions.js';
import { sameNumber } from './same-value.js';

/** What became of the micro-batches of a stream: `trained` = `accumulated` + `discarded` + `open`. */
export interface MicroBatchCounts {
  /** With those that a resumed run brought along in its open window, as far as the stream names them. */
  readonly trained: number;
  readonly accumulated: number;
  readonly discarded: number;
  /** In a window that neither closed nor was given up: 0 unless the stream is partial. */
  readonly open: number;
}

/** Follows the windows of a stream, so that each micro-batch is accumulated or discarded once; each call throws an `Error` that says what the event has wrong. */
export interface WindowLedger {
  train(event: MicroBatchEvent): void;
  accumulate(event: AccumulatedBatchEvent): void;
  discard(event: DiscardedWindowEvent): void;
  endEpoch(): void;
  endRun(): void;
  counts(): MicroBatchCounts;
}

export function createWindowLedger(run: RunInfo, tolerance: number): WindowLedger {
  const { policy, resumedAt } = run;
  let open: MicroBatchEvent[] = [];
  let epochEnded = false;
  let runMustEnd = false;
  let trained = 0;
  let accumulated = 0;
  let discarded = 0;
  let smoothMean = 0;
  let smoothCount = 0;
  let smoothScale = 0;

  // A resumed run's first window may hold micro-batches that an earlier stream has: they can't be checked against it.
  function checkLineage(lineage: readonly MicroBatchRecord[]): void {
    const known = lineage.filter((record) => resumedAt === undefined || record.microStep > resumedAt.microStep);
    trained += lineage.length - known.length;
    const steps = (records: readonly { microStep: number }[]) => records.map(({ microStep }) => microStep).join(', ');
    check(lineage.length > 0, 'has no micro-batches');
    check(steps(known) === steps(open), `has micro-batches ${steps(known)} where ${steps(open)} are open`);
    known.forEach((record, i) => {
      const { microStep, batchSamples, weight, loss } = open[i]!;
      const told = { samples: batchSamples, weight, loss };
      check(record.skipped === open[i]!.skipped, `says skipped ${record.skipped} of micro-batch ${microStep}`);
      for (const field of ['samples', 'weight', 'loss'] as const) {
        check(
          Object.is(record[field], told[field]),
          `says ${field} ${record[field]} of micro-batch ${microStep}, which said ${told[field]}`,
        );
      }
    });
  }

  function checkSmooth(event: MicroBatchEvent | AccumulatedBatchEvent): void {
    const recorded = event.type === (run.logAccumBatch ? 'accumulated-batch' : 'micro-batch');
    check((event.smoothLoss !== undefined) === recorded, `${recorded ? 'lacks' : 'has'} a smoothLoss`);
    if (!recorded || resumedAt !== undefined || ('weight' in event && event.weight === 0)) return;
    smoothCount += 1;
    smoothMean = 0.98 * smoothMean + 0.02 * event.loss;
    smoothScale = Math.max(smoothScale, Math.abs(event.loss));
    const smooth = smoothMean / (1 - 0.98 ** smoothCount);
    // Near infinity, and between it and NaN, it depends on how the mean is written down; after a NaN it is NaN.
    const finite = Number.isFinite(smooth) && Number.isFinite(event.smoothLoss);
    if (finite || Number.isNaN(smoothScale) || smoothScale < 1e300) {
      checkNear('smoothLoss', event.smoothLoss!, smooth, smoothScale);
    }
  }

  // Sums of both signs may be far smaller than their terms: the tolerance is relative to the terms.
  function checkNear(what: string, told: number, computed: number, scale = Math.abs(computed)): void {
    check(sameNumber(told, computed, tolerance, scale), `has ${what} ${told} where ${computed} is due`);
  }

  function checkMetrics(event: AccumulatedBatchEvent): void {
    if (event.microBatches.length !== open.length) return;
    const counted = open.filter((batch) => !batch.skipped);
    for (const [name, value] of Object.entries(event.metrics)) {
      if (!counted.every((batch) => name in batch.metrics)) continue;
      const terms = counted.map((batch) => batch.weight * batch.metrics[name]!);
      checkNear(`metric ${name}`, value, total(terms) / event.normalizer, scaleOf(terms, event));
    }
  }

  function isFull(): boolean {
    const { window } = open.at(-1) ?? { window: { filled: 0, target: 1 } };
    return window.filled >= window.target;
  }

  return {
    train(event) {
      check(!runMustEnd, 'comes after a discarded window that only run-end may follow');
      check(!isFull(), 'comes while a full window waits');
      check(!event.skipped || event.weight === 0, `is skipped, but weighs ${event.weight}`);
      check(event.batchSamples > 0 && event.weight >= 0, `has ${event.batchSamples} samples of weight ${event.weight}`);
      const first = open[0];
      const filled = event.batchSamples + (open.at(-1)?.window.filled ?? 0);
      const fromBefore = resumedAt !== undefined && event.window.filled > filled;
      if (first !== undefined || !fromBefore) checkNear('window.filled', event.window.filled, filled);
      if (first !== undefined) checkNear('window.target', event.window.target, first.window.target);
      checkSmooth(event);
      open.push(event);
      trained += 1;
      epochEnded = false;
    },

    accumulate(event) {
      checkLineage(event.microBatches);
      check(
        event.windowSamples >= event.accumBatchSize || policy.lastWindow === 'flush',
        `has ${event.windowSamples} samples of ${event.accumBatchSize}, with lastWindow '${policy.lastWindow}'`,
      );
      const weight = total(event.microBatches.map((record) => record.weight));
      const counted = event.microBatches.filter((record) => !record.skipped);
      const losses = counted.map((record) => record.weight * record.loss);
      checkNear('windowSamples', event.windowSamples, total(event.microBatches.map((record) => record.samples)));
      if (open[0] !== undefined) checkNear('accumBatchSize', event.accumBatchSize, open[0].window.target);
      checkNear('normalizer', event.normalizer, policy.normalize === 'actual' ? weight : event.accumBatchSize);
      checkNear('loss', event.loss, total(losses) / event.normalizer, scaleOf(losses, event));
      checkMetrics(event);
      checkSmooth(event);
      accumulated += event.microBatches.length;
      open = [];
    },

    discard(event) {
      check(!runMustEnd, 'comes after a discarded window that only run-end may follow');
      checkLineage(event.microBatches);
      check(event.reason !== '', 'has no reason');
      runMustEnd = epochEnded;
      discarded += event.microBatches.length;
      open = [];
    },

    endEpoch() {
      check(!runMustEnd, 'comes after a discarded window that only run-end may follow');
      check(!isFull(), 'comes while a full window waits');
      check(
        policy.lastWindow === 'carry' || open.length === 0,
        `comes while ${open.length} micro-batches are open, with lastWindow '${policy.lastWindow}'`,
      );
      epochEnded = true;
    },

    endRun() {
      check(open.length === 0, `comes while ${open.length} micro-batches are open`);
    },

    counts: () => ({ trained, accumulated, discarded, open: open.length }),
  };
}

function total(terms: readonly number[]): number {
  return terms.reduce((sum, term) => sum + term, 0);
}

function scaleOf(terms: readonly number[], event: AccumulatedBatchEvent): number {
  return total(terms.map(Math.abs)) / event.normalizer;
}
