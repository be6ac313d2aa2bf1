import { hostname } from 'node:os';
import {
  assertAxisFits,
  type LoggerNotice,
  type RunInfo,
  type RunOutcome,
  type TrainEvent,
} from '@microbatch/core/logger';
import {
  exitRecord,
  headerRecord,
  metricRecord,
  type RunDescription,
  runRecord,
  summaryRecord,
} from '../log/records.js';
import { createRowTable, type RowTable } from '../log/row-table.js';
import { createRunLog } from '../log/run-log.js';
import type { WandbSettings } from '../settings/settings.js';
import { CLOCK_KEYS, createRows } from './rows.js';
import { createRunFolder } from './run-folder.js';

/** As the Python client ends a run: 255 is its code for one that was interrupted. */
export const EXIT_CODES: Readonly<Record<RunOutcome, number>> = { finished: 0, failed: 1, stopped: 255 };

/** A run that SIGKILL ends keeps a summary no older than this. */
const SUMMARY_EVERY_MS = 30_000;

/** One run that is being written. */
export interface Session {
  readonly description: RunDescription;
  /** The run's folder. */
  readonly path: string;
  write(events: readonly TrainEvent[]): void;
  /** Closes the open row, unless it waits for the first step, and returns when everything is on the disk. */
  flush(): void;
  /** Writes the open row, the summary and the exit record, and closes the log. */
  close(outcome: RunOutcome): void;
}

/**
 * Creates the run's folder and log. `onRow` is told of each row that is complete.
 * Throws a `TypeError` for a run that W&B can't take, or the file system's error.
 */
export function openSession(
  run: RunInfo,
  settings: WandbSettings,
  options: {
    readonly onRow: (table: RowTable, step: number) => void;
    readonly onNotice: (notice: LoggerNotice) => void;
  },
): Session {
  const axis = settings.stepAxis ?? (run.logAccumBatch ? 'accumulated' : 'micro');
  assertAxisFits(axis, run);
  const description = settings.describe(run, hostname());
  const folder = createRunFolder(settings.dir, description, settings.mode === 'online' ? 'run' : 'offline-run');
  const log = createRunLog(folder.logPath);
  const table = createRowTable();
  let now = run.startedAt;
  let summarizedAt = now;
  let isSummarized = false;

  const rows = createRows(run, table, {
    axis,
    names: settings.names,
    epochAtEnd: settings.epochAtEnd,
    onNotice: options.onNotice,
    onRow(step) {
      log.row(table, step);
      options.onRow(table, step);
      if (now - summarizedAt >= SUMMARY_EVERY_MS) {
        isSummarized = false;
        putSummary();
      }
    },
  });

  const runtimeSeconds = () => Math.max(0, Math.floor((now - run.startedAt) / 1000));

  function putSummary(): void {
    if (isSummarized) return;
    log.record(summaryRecord(table, runtimeSeconds()));
    summarizedAt = now;
    isSummarized = true;
  }

  log.record(headerRecord('microbatch'));
  log.record(runRecord(description));
  for (const key of CLOCK_KEYS) log.record(metricRecord(key));
  log.settle();

  return {
    description,
    path: folder.path,
    write(events) {
      isSummarized = false;
      for (const event of events) {
        now = event.time;
        rows.apply(event);
      }
      log.settle();
    },
    flush() {
      rows.flush();
      putSummary();
      log.sync();
    },
    close(outcome) {
      try {
        rows.close();
        putSummary();
        log.record(exitRecord(EXIT_CODES[outcome], runtimeSeconds()));
        log.sync();
      } finally {
        log.close();
      }
    },
  };
}

/** A run that nobody keeps. */
export function disabledSession(description: RunDescription): Session {
  return { description, path: '', write() {}, flush() {}, close() {} };
}
