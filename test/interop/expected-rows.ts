import type { LogValue, RunInfo, TrainEvent } from '@microbatch/core';
import { scalarsOf } from './expected-scalars.js';
import { mapValues } from './map-values.js';

/** A row of W&B's history. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows that W&B must show of a run. */
export function expectedRows(events: readonly TrainEvent[], run: RunInfo): Row[] {
  const rows: Row[] = [];
  let beforeFirst: Row = {};
  for (const event of events) {
    const shown = scalarsOf(event, run);
    if (event.type === 'log') Object.assign(shown, mapValues(event.values, asWandb));
    const isBatch = event.type === 'micro-batch' || event.type === 'accumulated-batch';
    const isRecorded = event.type === (run.logAccumBatch ? 'accumulated-batch' : 'micro-batch');
    if (isRecorded) {
      const _step = (run.logAccumBatch ? event.step : event.microStep) - 1;
      rows.push({ ...beforeFirst, ...clocks(event, run), ...shown, _step });
      beforeFirst = {};
    } else if (rows.length === 0) {
      beforeFirst = { ...beforeFirst, ...shown };
    } else if (event.type !== 'micro-batch') {
      rows[rows.length - 1] = { ...rows.at(-1), ...(isBatch ? clocks(event, run) : {}), ...shown };
    }
  }
  return rows;
}

/** The last value of each key. */
export function expectedSummary(rows: readonly Row[]): Row {
  return Object.assign({}, ...rows);
}

function clocks({ time, microStep, step, samples, epoch }: TrainEvent, run: RunInfo): Row {
  return {
    _timestamp: time / 1000,
    _runtime: (time - run.startedAt) / 1000,
    'trainer/micro_step': microStep,
    'trainer/step': step,
    'trainer/samples': samples,
    epoch,
  };
}

function asWandb(value: LogValue): unknown {
  if (typeof value !== 'object' || value.kind !== 'histogram') return value;
  if (!('counts' in value)) throw new TypeError('these runs log histograms as counts');
  return { _type: 'histogram', values: value.counts, bins: value.edges };
}
