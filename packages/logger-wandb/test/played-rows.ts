import {
  type LoggerNotice,
  type LogValues,
  metricNames,
  type RunInfo,
  type StepAxis,
  type TrainEvent,
} from '@microbatch/core/logger';
import { runOf } from '@microbatch/core/testing';
import { expect } from 'vitest';
import { setAt } from '../src/log/nested.js';
import { createRowTable } from '../src/log/row-table.js';
import { createMediaWriter } from '../src/media/media-writer.js';
import { createRows } from '../src/run/rows.js';
import { createRunNotices } from '../src/run/run-notices.js';
import { emptyFolder } from './folders.js';

/** One row, or a summary, as an object. */
export type Row = Record<string, unknown>;

/** Rows of a run on `axis`, and what they have told so far. */
export function translate(run: RunInfo, axis: StepAxis, startingStep = 0) {
  const table = createRowTable();
  const lines: Row[] = [];
  const notices: LoggerNotice[] = [];
  const media = createMediaWriter({ filesDir: emptyFolder(), onFile() {} });
  const rows = createRows(run, table, {
    axis,
    names: metricNames(),
    epochAtEnd: false,
    startingStep,
    toRowValue: media.toRowValue,
    setSummary: table.setLatest,
    onRow(step) {
      const row: Row = {};
      for (const column of table.filled.slice(0, table.width)) setAt(row, table.paths[column]!, table.latest[column]);
      expect(row._step).toBe(step);
      lines.push(row);
    },
    notices: createRunNotices({ strict: false, onNotice: (notice) => notices.push(notice) }),
  });
  const summary = () => {
    const latest: Row = {};
    for (const [column, path] of table.paths.entries()) {
      if (table.latest[column] !== undefined) setAt(latest, path, table.latest[column]);
    }
    return latest;
  };
  return { rows, lines, notices, summary, codes: () => notices.map(({ code }) => code) };
}

/** The rows of all events. */
export function played(events: readonly TrainEvent[], axis: StepAxis, startingStep = 0) {
  const result = translate(runOf(events), axis, startingStep);
  for (const event of events) result.rows.apply(event);
  result.rows.close();
  return result;
}

/** The events of one type. */
export function withType<T extends TrainEvent['type']>(events: readonly TrainEvent[], type: T) {
  return events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
}

/** The user's values at the clocks of an event. */
export function logAt(event: TrainEvent, values: LogValues): TrainEvent {
  const { microStep, step, samples, epoch, time } = event;
  return { type: 'log', microStep, step, samples, epoch, time, values };
}
