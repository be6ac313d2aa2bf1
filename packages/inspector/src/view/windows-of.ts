import type { Run } from '../runs/run.js';
import type { RunSource } from '../runs/run-source.js';
import { WindowTable } from '../runs/window-table.js';
import { tensorboardClock } from './chart-points.js';
import type { SourceKind } from './protocol.js';

/** The windows of a run, and which source they come from. */
export interface RunWindows {
  readonly table: WindowTable;
  readonly from: SourceKind;
}

const derived = new WeakMap<RunSource, { readonly length: number; readonly table: WindowTable }>();

/**
 * The windows of a run: as its journal has them, or else as the rows of W&B or the points of TensorBoard let one conclude,
 * where a window that was given up can't be told from the next one. Undefined where nothing does.
 */
export function windowsOf(run: Run): RunWindows | undefined {
  for (const source of run.sources) {
    const table = source.windows ?? derive(source, run);
    if (table !== undefined && table.length > 0) return { table, from: source.kind };
  }
  return undefined;
}

function derive(source: RunSource, run: Run): WindowTable | undefined {
  const { length } = source.clocks;
  const before = derived.get(source);
  if (before?.length === length) return before.table;
  const table = source.kind === 'wandb' ? fromRows(source) : fromPoints(source, run);
  if (table !== undefined) derived.set(source, { length, table });
  return table;
}

/** A row at which the optimizer step has risen ends a window. */
function fromRows({ clocks, series }: RunSource): WindowTable | undefined {
  if (clocks.columns.microStep === undefined || clocks.columns.step === undefined) return undefined;
  const losses = series.get('train/loss');
  const table = new WindowTable();
  let [lastStep, lastMicroStep, lastSamples, lastRow] = [0, 0, 0, -1];
  let point = 0;
  for (let row = 0; row < clocks.length; row++) {
    const step = clocks.at('step', row);
    const microStep = clocks.at('microStep', row);
    if (step === undefined || microStep === undefined || step <= lastStep) continue;
    const samples = clocks.at('samples', row) ?? Number.NaN;
    while (losses !== undefined && point < losses.length && losses.rows.values[point]! < row) point++;
    // With rows between two ends of windows, each row is a micro-batch's, and so is its loss.
    const isSteps = row === lastRow + 1 && losses?.rows.values[point] === row;
    table.add({
      step,
      firstMicroStep: lastMicroStep + 1,
      lastMicroStep: microStep,
      samples: samples - lastSamples,
      target: Number.NaN,
      loss: isSteps ? losses!.values.values[point]! : Number.NaN,
    });
    [lastStep, lastMicroStep, lastSamples, lastRow] = [step, microStep, samples, row];
  }
  return table;
}

/** Beside the losses of micro-batches, a loss of `train/loss` stands at the last micro-batch of its window. */
function fromPoints(source: RunSource, run: Run): WindowTable | undefined {
  const { clocks, series } = source;
  const losses = series.get('train/loss');
  if (losses === undefined || !series.has('train/micro_loss') || tensorboardClock(source, run) !== 'microStep')
    return undefined;
  const table = new WindowTable();
  let lastMicroStep = 0;
  for (let point = 0; point < losses.length; point++) {
    const microStep = clocks.at('logged', losses.rows.values[point]!) ?? Number.NaN;
    table.add({
      step: point + 1,
      firstMicroStep: lastMicroStep + 1,
      lastMicroStep: microStep,
      samples: Number.NaN,
      target: Number.NaN,
      loss: losses.values.values[point]!,
    });
    lastMicroStep = microStep;
  }
  return table;
}
