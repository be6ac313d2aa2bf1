import type { StepAxis } from '@microbatch/core/logger';
import { createRecordAs } from '../replay/record-as.js';
import { namesOf } from './assign.js';
import { createExcuses } from './excuses.js';
import { expectedNames } from './expected-names.js';
import type { Reporter } from './finding.js';
import type { JournalPart } from './journal/journal-part.js';
import { forEachEvent } from './journal/replay-events.js';
import { rowsAreAccumulated } from './recorded.js';
import type { CheckedSource } from './report.js';
import { createRowComparison } from './wandb/compare-rows.js';
import { createExpectedRows } from './wandb/expected-rows.js';
import type { WandbTarget } from './wandb/load-wandb.js';

/** Compares a W&B log with the journal of its run, or of a part of it. */
export async function checkWandb(
  target: WandbTarget,
  part: JournalPart,
  likelyAxis: StepAxis,
  report: Reporter,
): Promise<CheckedSource> {
  const { run, runEnd, lastTime } = part;
  const excuses = createExcuses();
  const comparison = createRowComparison(target, { run, runEnd, lastTime, isExcused: excuses.isExcused }, report);
  const has = (name: string) => [...target.rows.values()].some((row) => name in row);
  const scheme = namesOf(has);
  const logAccumBatch = rowsAreAccumulated(target, run.logAccumBatch);
  // The micro-batches of a window would share one step: with windows of one, it is the micro axis.
  const axis = likelyAxis === 'accumulated' && !logAccumBatch ? 'micro' : likelyAxis;
  const rules = {
    axis,
    names: expectedNames(scheme),
    logAccumBatch,
    epochAtEnd: scheme === 'fastai',
    startingStep: target.run.run.startingStep ?? 0,
  };
  const expected = createExpectedRows(run, rules, comparison.compare);
  // Notices come as late as the run's end, when rows of before are compared.
  await forEachEvent(part, excuses.take);
  // What was replayed with the other choice has smoothed losses that the journal does not have.
  const recordAs = createRecordAs(rules.logAccumBatch);
  await forEachEvent(part, (event, isLate) => expected.take(recordAs(event), isLate));
  expected.end();
  comparison.end();
  const { rows, values } = comparison;
  return { kind: 'wandb', path: target.path, axis, checked: { rows, values } };
}
