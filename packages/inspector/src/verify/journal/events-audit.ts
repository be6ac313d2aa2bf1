import type { MicroBatchRecord, RunEndEvent, RunInfo, RunStartEvent, TrainEvent } from '@microbatch/core/logger';
import { plural } from '../../plural.js';
import { createEventIndex } from '../event-index.js';
import type { Reporter } from '../finding.js';
import type { Sequence } from './batch-counter.js';
import { createClockAudit } from './clock-audit.js';
import { createEpochAudit } from './epoch-audit.js';
import type { JournalPart } from './journal-part.js';
import { createMicroBatchHistory, type MicroBatchHistory } from './micro-batch-history.js';
import { createSmoothAudit } from './smooth-audit.js';
import { createWindowAudit } from './window-audit.js';

/** What the audit of a journal needs to know of others of its run. */
export interface PartContext {
  readonly resumes: JournalPart['resumes'];
  /** Where the journal goes on with another one that is there. */
  readonly before: JournalPart['before'];
  /** The part before, of a run that goes on without a checkpoint of ours. */
  earlierPart(run: RunInfo): JournalPart | undefined;
  /** A later process goes on with the run: that this journal has no end is as it must be. */
  readonly isGoneOnWith: boolean;
}

/** All checks of one journal's events. */
export interface EventsAudit {
  /** What the journals before this one say: nothing is told of it. To be called before `take`. */
  prepare(event: TrainEvent): void;
  take(event: TrainEvent): void;
  /** Gives nothing where they are no run's. `isCut`: more of them could not be read. */
  end(isCut: boolean): JournalPart | undefined;
}

export function createEventsAudit(path: string, report: Reporter, context: PartContext): EventsAudit {
  const { resumes, before, earlierPart, isGoneOnWith } = context;
  const index = createEventIndex();
  const [repeated, late] = [new Set<number>(), new Set<number>()];
  let audits: ReturnType<typeof auditsOf> | undefined;
  let history: MicroBatchHistory | undefined;
  let run: RunInfo | undefined;
  let runEnd: RunEndEvent | undefined;
  let last: TrainEvent | undefined;
  /** Before this journal's own: the last recorded batch, and what came behind it, which loggers write once more. */
  let latest: TrainEvent[] = [];
  let isPreparing = false;
  let faults = 0;
  let [events, microBatches, steps, discarded, samples, lastMicroStep] = [0, 0, 0, 0, 0, 0];

  const counting: Reporter = {
    fault(code, told) {
      if (isPreparing) return;
      faults += 1;
      report.fault(code, told);
    },
    note(code, told) {
      if (!isPreparing) report.note(code, told);
    },
  };

  function auditsOf(info: RunInfo) {
    const { resumedAt, logAccumBatch } = info;
    const earlier = resumedAt === undefined ? undefined : earlierPart(info);
    return {
      clocks: createClockAudit(info, counting),
      windows: createWindowAudit(info, counting, (microStep) => earlier?.history.get(microStep)),
      epochs: createEpochAudit(info, counting),
      smooth: createSmoothAudit(info, counting, lossesBefore(earlier, resumedAt, logAccumBatch)),
    };
  }

  /** Hands an event to the audits that it is for. */
  function audit({ clocks, windows, epochs, smooth }: ReturnType<typeof auditsOf>, event: TrainEvent): Sequence {
    const sequence = clocks.take(event);
    if (sequence === 'repeated') return sequence;
    switch (event.type) {
      case 'micro-batch':
        windows.train(event, sequence);
        epochs.train(event, sequence);
        if (sequence !== 'late') smooth.take(event);
        break;
      case 'accumulated-batch':
        windows.accumulate(event);
        if (sequence !== 'late') smooth.take(event);
        break;
      case 'discarded-window':
        windows.discard(event);
        break;
      case 'epoch-end':
        windows.endEpoch();
        epochs.end(event);
        break;
    }
    return sequence;
  }

  function begin(event: RunStartEvent): void {
    run = event.run;
    history = createMicroBatchHistory(run.resumedAt?.microStep ?? 0);
    audits ??= auditsOf(run);
    for (const before of latest) index.add(before);
    latest = [];
  }

  function prepare(event: TrainEvent): void {
    isPreparing = true;
    if (event.type === 'run-start') audits ??= auditsOf(event.run);
    if (audits !== undefined) audit(audits, event);
    const recorded = audits === undefined || event.type === 'accumulated-batch' || latest.length === MOST_LATEST;
    if (recorded) latest = [];
    latest.push(event);
    isPreparing = false;
  }

  function take(event: TrainEvent): void {
    const ordinal = events;
    events += 1;
    const isFirst = run === undefined;
    if (event.type === 'run-start') {
      if (run !== undefined) {
        counting.fault('duplicate-step', {
          key: 'run-start',
          expected: 'one',
          found: 'two',
          message: 'a second run-start',
        });
        repeated.add(ordinal);
        return;
      }
      begin(event);
    }
    if (audits === undefined || run === undefined) {
      if (ordinal === 0) {
        const message = `begins with ${event.type}: no run-start`;
        counting.fault('no-run-start', { at: { line: 2 }, expected: 'run-start', found: event.type, message });
      }
      return;
    }
    if (runEnd !== undefined) {
      const message = `a ${event.type} stands behind run-end`;
      counting.fault('after-run-end', {
        at: { microStep: event.microStep },
        expected: 'nothing',
        found: event.type,
        message,
      });
    }
    if (isFirst) {
      audits.clocks.goOn();
      audits.windows.goOn();
    }
    const sequence = audit(audits, event);
    if (sequence === 'repeated') {
      repeated.add(ordinal);
      return;
    }
    if (sequence === 'late') late.add(ordinal);
    else last = event;
    index.add(event);
    count(event);
  }

  function count(event: TrainEvent): void {
    lastMicroStep = Math.max(lastMicroStep, event.microStep);
    if (event.type === 'micro-batch') {
      samples += event.batchSamples;
      microBatches += 1;
      history!.add(recordOf(event));
    } else if (event.type === 'accumulated-batch') steps += 1;
    else if (event.type === 'discarded-window') discarded += 1;
    else if (event.type === 'run-end') runEnd = event;
  }

  function end(isCut: boolean): JournalPart | undefined {
    if (run === undefined || audits === undefined || history === undefined) {
      if (events === 0 && !isCut && !isGoneOnWith)
        report.note('not-over', { message: 'holds no event yet: its run has only begun, or was killed there' });
      return undefined;
    }
    audits.clocks.end(audits.windows.end(runEnd !== undefined));
    if (runEnd === undefined && !isCut && !isGoneOnWith) {
      const waiting = plural(audits.windows.open, 'micro-batch', 'micro-batches');
      const message = `has no run-end: the run goes on, or its process was killed; in an open window: ${waiting}`;
      report.note('not-over', { at: { microStep: lastMicroStep }, message });
    }
    const counts = { events, microBatches, steps, samples, discarded };
    const lastTime = last?.time ?? run.startedAt;
    const isWhole = faults === 0 && !isCut;
    const about = { path, run, resumes, before, isWhole, isGoneOnWith };
    return { ...about, counts, index, history, runEnd, lastTime, lastMicroStep, repeated, late };
  }

  return { prepare, take, end };
}

/** Of events that make no step: a run may have any number. */
const MOST_LATEST = 10_000;

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
  return earlier === undefined ? undefined : resumedAt.microStep - earlier.history.weightlessUntil(resumedAt.microStep);
}
