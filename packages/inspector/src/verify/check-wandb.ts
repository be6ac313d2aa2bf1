import type { StepAxis } from '@microbatch/core/logger';
import { createRecordAs } from '../replay/record-as.js';
import { namesOf } from './assign.js';
import { createExcuses } from './excuses.js';
import { expectedNames } from './expected-names.js';
import { createFindings, type Findings } from './finding.js';
import type { JournalPart } from './journal/journal-part.js';
import { forEachEvent } from './journal/replay-events.js';
import { rowsAreAccumulated } from './recorded.js';
import type { CheckedSource } from './report.js';
import { clockAt } from './step-axes.js';
import { createRowComparison, type ResumedRows } from './wandb/compare-rows.js';
import { createExpectedRows } from './wandb/expected-rows.js';
import type { WandbTarget } from './wandb/load-wandb.js';

/** What is known of a log beside its journal. */
interface PlaceOfLog {
  readonly likelyAxis: StepAxis;
  /** The last that the run's earlier logs have; undefined where none is here. */
  readonly lastRow: number | undefined;
  /** The run's last part. */
  readonly newest: JournalPart | undefined;
}

/** Compares a W&B log with the journal of its run, or of a part of it. `isWhole`: it has the rows of all parts. */
export async function checkWandb(
  target: WandbTarget,
  part: JournalPart,
  { likelyAxis, lastRow, newest }: PlaceOfLog,
  findings: Findings,
): Promise<{ readonly source: CheckedSource; readonly isWhole: boolean }> {
  const { run } = part;
  const has = (name: string) => [...target.rows.values()].some((row) => name in row);
  const scheme = namesOf(has);
  const logAccumBatch = rowsAreAccumulated(target, run.logAccumBatch);
  // The micro-batches of a window would share one step: with windows of one, it is the micro axis.
  const axis = likelyAxis === 'accumulated' && !logAccumBatch ? 'micro' : likelyAxis;

  async function compare(its: JournalPart, resumed: ResumedRows | undefined, isWhole = false) {
    const { runEnd, lastTime, isGoneOnWith } = its;
    const own = createFindings();
    const excuses = createExcuses();
    // Notices come as late as the run's end, when rows of before are compared.
    await forEachEvent(its, excuses);
    const context = { runEnd, lastTime, isGoneOnWith, isExcused: excuses.isExcused };
    const comparison = createRowComparison(
      target,
      resumed === undefined ? context : { ...context, resumed },
      own.reporter(target.path),
    );
    const rules = {
      axis,
      names: expectedNames(scheme),
      logAccumBatch,
      epochAtEnd: scheme === 'fastai',
      // One that goes on from a checkpoint has its own steps, wherever its log begins.
      startingStep: resumed === undefined ? (target.run.run.startingStep ?? 0) : 0,
    };
    let isOwnRow = false;
    const expected = createExpectedRows(firstPart(its).run, rules, (row) => {
      if (isOwnRow) comparison.compare(row);
    });
    // What was replayed with the other choice has smoothed losses that the journal does not have.
    const recordAs = createRecordAs(logAccumBatch);
    await forEachEvent(its, {
      take(event, isLate, isOwn) {
        isOwnRow = isOwn || isWhole;
        expected.take(recordAs(event), isLate);
      },
      ...(isWhole ? {} : { resume: ({ time }) => expected.resume(time) }),
    });
    isOwnRow = true;
    expected.end();
    comparison.end();
    return { own, isWhole, checked: { rows: comparison.rows, values: comparison.values } };
  }

  const unknownUntil =
    part.before !== undefined || run.resumedAt === undefined ? -1 : clockAt({ samples: 0, ...run.resumedAt }, axis) - 1;
  const { startingStep = 0 } = target.run.run;
  // What the server has of a run, another machine may have written.
  const earlier = { lastRow: Math.max(lastRow ?? -1, startingStep - 1), isFirstLog: lastRow === undefined };
  let result = await compare(part, part.resumes === undefined ? undefined : { ...earlier, unknownUntil });
  const others = [
    // A logger that the process before did not have begins here.
    () => part.resumes !== undefined && compare({ ...part, before: undefined }, undefined),
    // A replay has all that the processes of a run have logged.
    () => newest?.before !== undefined && compare(newest, undefined, true),
  ];
  for (const other of others) {
    const second = result.own.faults > 0 && (await other());
    if (second && second.own.faults < result.own.faults) result = second;
  }
  findings.adopt(result.own);
  return { source: { kind: 'wandb', path: target.path, axis, checked: result.checked }, isWhole: result.isWhole };
}

function firstPart(part: JournalPart): JournalPart {
  return part.before === undefined ? part : firstPart(part.before.part);
}
