import type { StepAxis } from '@microbatch/core/logger';
import type { Reporter } from '../finding.js';
import { ranges } from '../ranges.js';
import type { WandbRow, WandbTarget } from './load-wandb.js';

const CLOCKS: Readonly<Record<StepAxis, string>> = {
  micro: 'trainer/micro_step',
  accumulated: 'trainer/step',
  samples: 'trainer/samples',
};

/** The clock that `_step` follows in most rows; undefined for rows that have no clocks, as those of another program. */
export function axisOf({ rows, run }: WandbTarget): StepAxis | undefined {
  const offset = run.run.startingStep ?? 0;
  let best: { axis: StepAxis; count: number } | undefined;
  // The first wins where clocks are equal: windows of one micro-batch.
  for (const axis of ['accumulated', 'micro', 'samples'] as const) {
    let count = 0;
    for (const [step, row] of rows) {
      const clock = row[CLOCKS[axis]];
      if (clock === step + 1 || (typeof clock === 'number' && clock + offset === step + 1)) count += 1;
    }
    if (count > (best?.count ?? 0)) best = { axis, count };
  }
  return best !== undefined && 2 * best.count >= rows.size ? best.axis : undefined;
}

/** Checks what a log says of itself, where there is no journal: its own clocks rise, and no step between is missing. */
export function checkRowsAlone(target: WandbTarget, report: Reporter): void {
  const axis = axisOf(target);
  if (axis === undefined) return;
  let before: { step: number; row: WandbRow } | undefined;
  const gaps: number[] = [];
  for (const [step, row] of target.rows) {
    if (before !== undefined) {
      checkRising(before.row, step, row, report);
      // Where micro-batches are recorded, as the rows' own clock shows, each has a row.
      const isDense =
        axis === 'accumulated' || (axis === 'micro' && row['trainer/step'] === before.row['trainer/step']);
      for (let gone = before.step + 1; isDense && gone < step; gone += 1) gaps.push(gone);
    }
    before = { step, row };
  }
  if (gaps.length === 0) return;
  report.fault('missing-row', {
    at: { row: gaps[0]! },
    expected: gaps.length === 1 ? 'a row' : `${gaps.length} rows`,
    found: 'nothing',
    message: `row ${ranges(gaps)}: the log has no such row, though it has those before and behind`,
  });
}

function checkRising(before: WandbRow, step: number, row: WandbRow, report: Reporter): void {
  // Not the epoch: a value of that name is what many programs log themselves, as it suits them.
  for (const key of [...Object.values(CLOCKS), '_timestamp', '_runtime']) {
    const [from, to] = [before[key], row[key]];
    if (typeof from !== 'number' || typeof to !== 'number' || to >= from) continue;
    const message = `row ${step} says ${key} ${to}, less than the row before it`;
    report.fault('clock', { at: { row: step }, key, expected: `${from} or more`, found: to, message });
  }
}
