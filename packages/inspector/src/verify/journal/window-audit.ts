import type {
  AccumulatedBatchEvent,
  DiscardedWindowEvent,
  MicroBatchEvent,
  MicroBatchRecord,
  RunInfo,
} from '@microbatch/core/logger';
import { plural } from '../../plural.js';
import type { Reporter } from '../finding.js';
import { ranges } from '../ranges.js';
import type { Sequence } from './batch-counter.js';
import { createLineageAudit } from './lineage-audit.js';
import { checkTarget } from './target-audit.js';

/** Follows a journal's windows: each micro-batch must be accumulated or discarded, once. */
export interface WindowAudit {
  train(event: MicroBatchEvent, sequence: Sequence): void;
  accumulate(event: AccumulatedBatchEvent): void;
  discard(event: DiscardedWindowEvent): void;
  endEpoch(): void;
  /** From here on it tells of another journal of the run: windows that are lost so far are none of its faults. */
  goOn(): void;
  /** `isOver`: the run has ended, so that no window may be open. Tells which windows are lost; returns their optimizer steps. */
  end(isOver: boolean): ReadonlySet<number>;
  /** Micro-batches in a window that is still open. */
  readonly open: number;
}

/** A window that was neither accumulated nor discarded when the next one began. */
interface Lost {
  readonly microSteps: readonly number[];
  /** Optimizer steps before it. */
  readonly step: number;
}

export function createWindowAudit(
  run: RunInfo,
  report: Reporter,
  /** A micro-batch of an earlier part of a resumed run. */
  earlier: (microStep: number) => MicroBatchRecord | undefined,
): WindowAudit {
  const { policy, resumedAt } = run;
  const open = new Map<number, MicroBatchEvent>();
  const lost: Lost[] = [];
  let closedUntil = 0;
  const lineage = createLineageAudit(run, report, { open, closedUntil: () => closedUntil, earlier });
  let last: MicroBatchEvent | undefined;
  let step = resumedAt?.step ?? 0;
  // What a resumed run brings along is known by its first window's lineage only.
  let isWhole = resumedAt === undefined;

  function close(): void {
    for (const microStep of open.keys()) closedUntil = Math.max(closedUntil, microStep);
    open.clear();
    last = undefined;
  }

  function closeUntil(microStep: number): void {
    close();
    closedUntil = Math.max(closedUntil, microStep);
    isWhole = true;
  }

  function lose(): void {
    if (open.size > 0) lost.push({ microSteps: [...open.keys()], step });
    close();
  }

  function checkFilled(event: MicroBatchEvent, isGap: boolean): void {
    const { filled, target } = event.window;
    const at = { microStep: event.microStep };
    const due = event.batchSamples + (last?.window.filled ?? 0);
    if (isWhole && !isGap && filled !== due) {
      const message = `micro-batch ${event.microStep} says that its window holds ${filled} samples, where it holds ${due}`;
      report.fault('window-size', { at, key: 'window.filled', expected: due, found: filled, message });
    }
    if (last !== undefined && target !== last.window.target) {
      const message = `the window's target changes from ${last.window.target} to ${target} at micro-batch ${event.microStep}`;
      report.fault('window-target', { at, key: 'window.target', expected: last.window.target, found: target, message });
    }
    if (last === undefined && isWhole) checkTarget(run, target, at, report);
  }

  return {
    get open() {
      return open.size;
    },

    train(event, sequence) {
      if (sequence !== 'late') {
        const isFull = last !== undefined && last.window.filled >= last.window.target;
        const beginsAnew = open.size > 0 && event.window.filled === event.batchSamples;
        if (isFull || beginsAnew || event.step > step) lose();
        step = Math.max(step, event.step);
        checkFilled(event, sequence === 'gap');
        last = event;
      }
      // One whose line comes behind its window's belongs to no later one.
      if (event.microStep > closedUntil) open.set(event.microStep, event);
    },

    accumulate(event) {
      step = Math.max(step, event.step);
      const found = lost.findIndex(({ microSteps }) => microSteps.includes(event.microStep));
      if (found !== -1) {
        // Its line stands behind later ones: it is not lost.
        lost.splice(found, 1);
        lineage.checkMeans(event);
        return;
      }
      const { lastWindow } = policy;
      if (event.windowSamples < event.accumBatchSize && lastWindow !== 'flush') {
        const message = `step ${event.step} was taken with ${event.windowSamples} of ${event.accumBatchSize} samples, though lastWindow is '${lastWindow}'`;
        report.fault('window-size', {
          at: { step: event.step },
          key: 'windowSamples',
          expected: `${event.accumBatchSize} or more`,
          found: event.windowSamples,
          message,
        });
      }
      if (last !== undefined && event.accumBatchSize !== last.window.target) {
        const message = `step ${event.step} says target ${event.accumBatchSize}; its micro-batches say ${last.window.target}`;
        report.fault('window-target', {
          at: { step: event.step },
          key: 'accumBatchSize',
          expected: last.window.target,
          found: event.accumBatchSize,
          message,
        });
      }
      lineage.check(event);
      lineage.checkMeans(event);
      closeUntil(event.microStep);
    },

    discard(event) {
      lineage.check(event);
      closeUntil(event.microStep);
    },

    endEpoch() {
      const isFull = last !== undefined && last.window.filled >= last.window.target;
      if (isFull || policy.lastWindow !== 'carry') lose();
    },

    goOn() {
      lost.length = 0;
    },

    end(isOver) {
      if (isOver) lose();
      for (const { microSteps, step } of lost) {
        const message = `micro-batch ${ranges(microSteps)}: no accumulated batch (step ${step + 1}) and no discarded window follows`;
        report.fault('missing-window', {
          at: { step: step + 1, microStep: microSteps.at(-1)! },
          expected: `a window of ${plural(microSteps.length, 'micro-batch', 'micro-batches')}`,
          found: 'nothing',
          message,
        });
      }
      return new Set(lost.map(({ step }) => step + 1));
    },
  };
}
