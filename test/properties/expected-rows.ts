import type { RunInfo, TrainEvent } from '@microbatch/core';
import { type Axis, isRecordedBatch, onAxis, shownValues } from './shown-values.js';

type Row = Record<string, unknown>;

/** W&B keeps these for itself. */
const RESERVED = ['_step', '_timestamp', '_runtime'];

/**
 * The W&B rows of a run: one for each recorded batch, with everything up to the next one, the first with what came before
 * it too. A run without a recorded batch has one row where it has values.
 */
export function expectedRows(events: readonly TrainEvent[], run: RunInfo, axis: Axis): Row[] {
  const starts = events.flatMap((event, at) => (isRecordedBatch(event, run) ? [at] : []));
  const cuts = [0, ...starts.slice(1), events.length];
  const parts = cuts.slice(1).map((end, at) => events.slice(cuts[at], end));
  return parts.map((part) => rowOf(part, run, axis)).filter((row) => row !== undefined);
}

function rowOf(part: readonly TrainEvent[], run: RunInfo, axis: Axis): Row | undefined {
  const row: Row = {};
  const batch = part.find((event) => isRecordedBatch(event, run));
  for (const event of part) {
    // Where micro-batches are recorded, the accumulated batch that closes on one joins its row.
    const isBatch = isRecordedBatch(event, run) || event.type === 'accumulated-batch';
    const values = loggable(shownValues(event, run));
    const opens = batch === undefined && Object.keys(row).length === 0 && Object.keys(values).length > 0;
    if (isBatch || opens) Object.assign(row, clocksOf(event, run));
    Object.assign(row, values);
  }
  if (Object.keys(row).length === 0) return undefined;
  return { ...row, _step: batch === undefined ? 0 : onAxis(batch, axis) - 1 };
}

function loggable(values: Row): Row {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !RESERVED.includes(key)));
}

function clocksOf({ time, microStep, step, samples, epoch }: TrainEvent, { startedAt }: RunInfo): Row {
  return {
    _timestamp: time / 1000,
    _runtime: (time - startedAt) / 1000,
    'trainer/micro_step': microStep,
    'trainer/step': step,
    'trainer/samples': samples,
    epoch,
  };
}
