import { dirname } from 'node:path';
import type { RunInfo, StepAxis } from '@microbatch/core/logger';
import { createRecordAs } from '../replay/record-as.js';
import { layoutOf, namesOf } from './assign.js';
import { createExcuses } from './excuses.js';
import { expectedNames } from './expected-names.js';
import { createFindings, type Findings } from './finding.js';
import type { JournalPart } from './journal/journal-part.js';
import { forEachEvent } from './journal/replay-events.js';
import { likelyAccumulated } from './recorded.js';
import type { CheckedSource } from './report.js';
import { clockAt } from './step-axes.js';
import { createPointComparison } from './tensorboard/compare-points.js';
import { createExpectedPoints } from './tensorboard/expected-points.js';
import { type EventFile, loadEventFile } from './tensorboard/load-event-file.js';
import type { EventFileHead } from './tensorboard/peek-event-file.js';
import type { TagLayout } from './tensorboard/route.js';

/** The event files that one logger wrote for one run, or for a part of it. */
export interface EventFileSet {
  /** The run's folder: above `train` and `validation` where the layout is split. */
  readonly root: string;
  readonly layout: TagLayout;
  readonly axis: StepAxis;
  readonly heads: readonly EventFileHead[];
}

/** The folder of the run that a file is of, by its layout. */
export function rootOf(head: EventFileHead): string {
  return layoutOf(head) === 'split' ? dirname(head.folder) : head.folder;
}

/** Compares event files with the journal of their run, or of a part of it. */
export async function checkTensorboard(
  { root, layout, axis, heads }: EventFileSet,
  part: JournalPart,
  /** The run's last part. */
  newest: JournalPart | undefined,
  findings: Findings,
): Promise<CheckedSource> {
  const files = new Map<string, EventFile[]>();
  const loaded: EventFile[] = [];
  for (const { path, folder } of heads) {
    const file = await loadEventFile(path, findings.reporter(path));
    if (file === undefined) continue;
    const below = layout === 'split' && folder !== root ? folder.slice(root.length + 1) : '';
    files.set(below, [...(files.get(below) ?? []), file]);
    loaded.push(file);
  }
  const { run } = part;
  const names = expectedNames(namesOf((name) => heads.some(({ tags }) => tags.has(name)), layout));

  async function compare(logAccumBatch: boolean, its: JournalPart, isWhole = false): Promise<Comparison> {
    const { runEnd, lastTime, isGoneOnWith } = its;
    const own = createFindings();
    const excuses = createExcuses();
    await forEachEvent(its, excuses);
    const unknownUntil = isOrphan(its) ? clockAt({ samples: 0, ...its.run.resumedAt! }, axis) : -1;
    const context = { files, layout, root, runEnd, lastTime, isGoneOnWith, unknownUntil, isExcused: excuses.isExcused };
    const comparison = createPointComparison(context, own);
    let isOwnPoint = false;
    let takesOverAt: number | undefined;
    const expected = createExpectedPoints(run, { axis, names, logAccumBatch }, (point) => {
      if (isOwnPoint) comparison.compare(point);
    });
    // What was replayed with the other choice has smoothed losses that the journal does not have.
    const recordAs = createRecordAs(logAccumBatch);
    await forEachEvent(its, {
      take(event, isLate, isOwn) {
        isOwnPoint = isOwn || isWhole;
        expected.take(recordAs(event), isLate);
      },
      // The points of the last x before are written once more: what came behind the checkpoint there must not show.
      resume: () => (takesOverAt = expected.x),
    });
    isOwnPoint = true;
    expected.end();
    comparison.end();
    for (const file of isWhole ? [] : loaded)
      checkTakeOver(file, takesOverAt ?? behindResumed(run, axis), isOrphan(its), own);
    return { points: comparison.points, own };
  }

  const [likely, other] = likelyAccumulated(merged(heads), axis, run.logAccumBatch);
  let result = await compare(likely!, part);
  const others = [
    () => other !== undefined && compare(other, part),
    // A logger that the process before did not have begins with this part of the run.
    () => part.resumes !== undefined && compare(likely!, { ...part, resumes: undefined, before: undefined }),
    // A replay has all that the processes of a run have logged.
    () => newest?.before !== undefined && compare(likely!, newest, true),
    () => newest?.before !== undefined && other !== undefined && compare(other, newest, true),
  ];
  for (const next of others) {
    const second = result.own.faults > 0 && (await next());
    if (second && second.own.faults < result.own.faults) result = second;
  }
  findings.adopt(result.own);
  const path = heads.length === 1 ? heads[0]!.path : root;
  return { kind: 'tensorboard', path, axis, checked: { points: result.points, files: heads.length } };
}

function merged(heads: readonly EventFileHead[]): EventFileHead {
  return {
    ...heads[0]!,
    points: heads.flatMap(({ points }) => points),
    tags: new Set(heads.flatMap(({ tags }) => [...tags])),
  };
}

interface Comparison {
  readonly points: number;
  readonly own: Findings;
}

/** It goes on from a checkpoint, and the journal before is not there. */
function isOrphan({ run, resumes, before }: JournalPart): boolean {
  return run.resumedAt !== undefined && resumes !== undefined && before === undefined;
}

/** The first x of a resumed run; undefined where it begins, or nobody knows. */
function behindResumed({ resumedAt }: RunInfo, axis: StepAxis): number | undefined {
  if (resumedAt === undefined) return undefined;
  const { microStep, step, samples } = resumedAt;
  if (axis === 'samples' && samples === undefined) return undefined;
  return clockAt({ microStep, step, samples: samples ?? 0 }, axis) + 1;
}

/** A resumed run's file must say where it takes over: TensorBoard would else show what was trained again twice. */
function checkTakeOver(file: EventFile, due: number | undefined, mayBeEarlier: boolean, findings: Findings): void {
  if (due === undefined || file.points === 0) return;
  if (file.starts.some((start) => start === due || (mayBeEarlier && start < due))) return;
  const found = file.starts.length === 0 ? 'nothing' : file.starts.join(', ');
  const message = `the run was resumed, but the file does not take over from x ${due} on: TensorBoard shows both`;
  findings
    .reporter(file.path)
    .fault('no-take-over', { at: { x: due }, key: 'SessionLog START', expected: due, found, message });
}
