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
import { createRows } from './rows.js';
import { createRunNotices } from './run-notices.js';

/** As the Python client ends a run: 255 is its code for one that was interrupted. */
export const EXIT_CODES: Readonly<Record<RunOutcome, number>> = { finished: 0, failed: 1, stopped: 255 };

/** The events of one run on their way into its log. */
export interface Session {
  /** Of a strict run, throws a `LoggerError` for a value that was refused, when all others are written. */
  write(events: readonly TrainEvent[]): void;
  /** Closes the open row, unless it waits for the first step, and returns when everything is on the disk. */
  flush(): void;
  /** Writes the open row and the log's end. */
  close(exitCode: number): void;
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
): Session {
  const notices = createRunNotices({ strict: settings.strict, onNotice });
  let now = run.startedAt;
  const rows = createRows(run, writer.table, {
    axis: sessionAxis(run, settings),
    names: settings.names,
    epochAtEnd: settings.epochAtEnd,
    notices,
    startingStep: writer.description.startingStep ?? 0,
    runtimeBefore: writer.description.runtime ?? 0,
    toRowValue,
    setSummary: writer.setSummary,
    onRow: (step) => writer.putRow(step, now),
  });

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
      rows.flush();
      writer.sync(now);
    },
    close(exitCode) {
      try {
        rows.close();
      } finally {
        close(exitCode, now);
      }
    },
  };
}
