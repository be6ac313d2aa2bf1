import type { MicroBatchRecord, RunEndEvent, RunInfo, TrainEvent } from '@microbatch/core/logger';
import { createEventIndex } from '../event-index.js';
import type { Reporter } from '../finding.js';
import { createClockAudit } from './clock-audit.js';
import { createEpochAudit } from './epoch-audit.js';
import type { JournalPart } from './journal-part.js';
import { createMicroBatchHistory } from './micro-batch-history.js';
import { createSmoothAudit } from './smooth-audit.js';
import { createWindowAudit } from './window-audit.js';

/**
 * All checks of one journal's events. `end` gives nothing where they are no run's; `isCut`: more of them could not be read.
 */
export function createEventsAudit(
  path: string,
  report: Reporter,
  earlierPart: (run: RunInfo) => JournalPart | undefined,
): { take(event: TrainEvent): void; end(isCut: boolean): JournalPart | undefined } {
  const index = createEventIndex();
  const [repeated, late] = [new Set<number>(), new Set<number>()];
  let audits: ReturnType<typeof auditsOf> | undefined;
  let run: RunInfo | undefined;
  let runEnd: RunEndEvent | undefined;
  let last: TrainEvent | undefined;
  let [events, microBatches, steps, discarded, samples, lastMicroStep] = [0, 0, 0, 0, 0, 0];

  function auditsOf(info: RunInfo) {
    const { resumedAt, logAccumBatch } = info;
    const earlier = resumedAt === undefined ? undefined : earlierPart(info);
    const history = createMicroBatchHistory(resumedAt?.microStep ?? 0);
    return {
      history,
      clocks: createClockAudit(info, report),
      windows: createWindowAudit(info, report, (microStep) => earlier?.history.get(microStep)),
      epochs: createEpochAudit(info, report),
      smooth: createSmoothAudit(info, report, lossesBefore(earlier, resumedAt, logAccumBatch)),
    };
  }

  function take(event: TrainEvent): void {
    const ordinal = events;
    events += 1;
    if (event.type === 'run-start') {
      if (run !== undefined) {
        report.fault('duplicate-step', {
          key: 'run-start',
          expected: 'one',
          found: 'two',
          message: 'a second run-start',
        });
        repeated.add(ordinal);
        return;
      }
      run = event.run;
      audits = auditsOf(run);
    }
    if (audits === undefined || run === undefined) {
      if (ordinal === 0) {
        const message = `begins with ${event.type}: no run-start`;
        report.fault('no-run-start', { at: { line: 2 }, expected: 'run-start', found: event.type, message });
      }
      return;
    }
    if (runEnd !== undefined) {
      const message = `a ${event.type} stands behind run-end`;
      report.fault('after-run-end', {
        at: { microStep: event.microStep },
        expected: 'nothing',
        found: event.type,
        message,
      });
    }
    const { clocks, windows, epochs, smooth, history } = audits;
    const sequence = clocks.take(event);
    if (sequence === 'repeated') {
      repeated.add(ordinal);
      return;
    }
    if (sequence === 'late') late.add(ordinal);
    else last = event;
    index.add(event);
    samples += event.type === 'micro-batch' ? event.batchSamples : 0;
    lastMicroStep = Math.max(lastMicroStep, event.microStep);
    switch (event.type) {
      case 'micro-batch':
        microBatches += 1;
        history.add(recordOf(event));
        windows.train(event, sequence);
        epochs.train(event, sequence);
        if (sequence !== 'late') smooth.take(event);
        break;
      case 'accumulated-batch':
        steps += 1;
        windows.accumulate(event);
        if (sequence !== 'late') smooth.take(event);
        break;
      case 'discarded-window':
        discarded += 1;
        windows.discard(event);
        break;
      case 'epoch-end':
        windows.endEpoch();
        epochs.end(event);
        break;
      case 'run-end':
        runEnd = event;
        break;
    }
  }

  function end(isCut: boolean): JournalPart | undefined {
    if (run === undefined || audits === undefined) {
      if (events === 0 && !isCut)
        report.note('not-over', { message: 'holds no event yet: its run has only begun, or was killed there' });
      return undefined;
    }
    audits.clocks.end(audits.windows.end(runEnd !== undefined));
    if (runEnd === undefined && !isCut) {
      const message = `has no run-end: the run goes on, or its process was killed; ${audits.windows.open} micro-batches wait in an open window`;
      report.note('not-over', { at: { microStep: lastMicroStep }, message });
    }
    const counts = { events, microBatches, steps, samples, discarded };
    const lastTime = last?.time ?? run.startedAt;
    const { history } = audits;
    return { path, run, counts, index, history, runEnd, lastTime, lastMicroStep, repeated, late };
  }

  return { take, end };
}

function recordOf(event: TrainEvent & { type: 'micro-batch' }): MicroBatchRecord {
  const { microStep, batchSamples, weight, loss, skipped } = event;
  return { microStep, samples: batchSamples, weight, loss, ...(skipped ? { skipped } : {}) };
}

/** How many recorded losses lie behind a run; undefined where nobody knows. */
function lossesBefore(
  earlier: JournalPart | undefined,
  resumedAt: RunInfo['resumedAt'],
  logAccumBatch: boolean,
): number | undefined {
  if (resumedAt === undefined) return 0;
  if (logAccumBatch) return resumedAt.step;
  return earlier === undefined ? undefined : resumedAt.microStep - earlier.history.skippedUntil(resumedAt.microStep);
}
