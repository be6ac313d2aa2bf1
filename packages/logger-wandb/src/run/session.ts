import {
  assertAxisFits,
  type LoggerNotice,
  type RunInfo,
  type RunOutcome,
  type StepAxis,
  type TrainEvent,
} from '@microbatch/core/logger';
import type { WandbSettings } from '../settings/settings.js';
import type { OpenRun } from './open-run.js';
import { createRows, type RowsState } from './rows.js';
import { createRunNotices } from './run-notices.js';
import type { WriterState } from './writer-state.js';

/** As the Python client ends a run: 255 is its code for one that was interrupted. */
export const EXIT_CODES: Readonly<Record<RunOutcome, number>> = { finished: 0, failed: 1, stopped: 255 };

/** The events of one run on their way into its log. */
export interface Session {
  /** Of a strict run, throws a `LoggerError` for a value that was refused, when all others are written. */
  write(events: readonly TrainEvent[]): void;
  /**
   * Closes the open row, unless it waits for the first step or the run can be gone on with, and returns when everything else
   * is on the disk.
   */
  flush(): void;
  /** Makes durable what is written, and leaves the open row open; returns what a resumed run goes on with. */
  checkpoint(): SessionState;
  /**
   * Writes the open row and the log's end. A run that can be gone on with from a checkpoint, and is not finished, leaves its
   * open row to the process that does: what joins it there would come too late.
   */
  close(outcome: RunOutcome, exitCode: number): void;
}

/** Where a run stands: plain data. */
export interface SessionState {
  readonly rows: RowsState;
  readonly writer: WriterState;
}

/** The clock that becomes `_step`. Throws a `TypeError` for one that the run does not have. */
export function sessionAxis(run: RunInfo, { stepAxis }: WandbSettings): StepAxis {
  const axis = stepAxis ?? (run.logAccumBatch ? 'accumulated' : 'micro');
  assertAxisFits(axis, run);
  return axis;
}

/** Turns the events of an open run into its rows. */
export function createSession(
  run: RunInfo,
  { writer, toRowValue, close }: OpenRun,
  settings: WandbSettings,
  onNotice: (notice: LoggerNotice) => void,
  restored?: SessionState,
): Session {
  const notices = createRunNotices({ strict: settings.strict, onNotice });
  let now = run.startedAt;
  const rows = createRows(run, writer.table, {
    axis: sessionAxis(run, settings),
    names: settings.names,
    epochAtEnd: settings.epochAtEnd,
    notices,
    startingStep: writer.description.startingStep ?? 0,
    runTime: writer.runTime,
    runtimeBefore: writer.description.runtime,
    restored: restored?.rows,
    toRowValue,
    setSummary: writer.setSummary,
    onRow: (step) => writer.putRow(step, now),
  });
  let isResumable = restored !== undefined;
  if (restored !== undefined) writer.restore(restored.writer);

  return {
    write(events) {
      for (const event of events) {
        now = event.time;
        rows.apply(event);
      }
      writer.settle();
      notices.throwRefused();
    },
    flush() {
      // Whoever goes on with the run writes it, with what is still to join it; the base flushes before every close.
      if (!isResumable) rows.flush();
      writer.sync(now);
    },
    checkpoint() {
      writer.sync(now);
      isResumable = true;
      return { rows: rows.state(), writer: writer.state() };
    },
    close(outcome, exitCode) {
      try {
        if (outcome === 'finished' || !isResumable) rows.close();
        else if (rows.openStep !== undefined) notices.rowLeft(rows.openStep);
      } finally {
        close(exitCode, now);
      }
    },
  };
}
