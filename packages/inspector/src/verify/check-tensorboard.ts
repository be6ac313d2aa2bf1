import { dirname } from 'node:path';
import type { StepAxis } from '@microbatch/core/logger';
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
  findings: Findings,
): Promise<CheckedSource> {
  const files = new Map<string, EventFile[]>();
  for (const { path, folder } of heads) {
    const file = await loadEventFile(path, findings.reporter(path));
    if (file === undefined) continue;
    const below = layout === 'split' && folder !== root ? folder.slice(root.length + 1) : '';
    files.set(below, [...(files.get(below) ?? []), file]);
    checkTakeOver(file, part, axis, findings);
  }
  const { run, runEnd, lastTime } = part;
  const excuses = createExcuses();
  await forEachEvent(part, excuses.take);
  const names = expectedNames(namesOf((name) => heads.some(({ tags }) => tags.has(name)), layout));

  async function compare(logAccumBatch: boolean): Promise<{ readonly points: number; readonly own: Findings }> {
    const own = createFindings();
    const context = { files, layout, root, runEnd, lastTime, isExcused: excuses.isExcused };
    const comparison = createPointComparison(context, own);
    const expected = createExpectedPoints(run, { axis, names, logAccumBatch }, comparison.compare);
    // What was replayed with the other choice has smoothed losses that the journal does not have.
    const recordAs = createRecordAs(logAccumBatch);
    await forEachEvent(part, (event, isLate) => expected.take(recordAs(event), isLate));
    expected.end();
    comparison.end();
    return { points: comparison.points, own };
  }

  const [likely, other] = likelyAccumulated(merged(heads), axis, run.logAccumBatch);
  let result = await compare(likely!);
  if (result.own.faults > 0 && other !== undefined) {
    const second = await compare(other);
    if (second.own.faults < result.own.faults) result = second;
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

/** A resumed run's file must say where it takes over: TensorBoard would else show what was trained again twice. */
function checkTakeOver(file: EventFile, { run }: JournalPart, axis: StepAxis, findings: Findings): void {
  const { resumedAt } = run;
  if (resumedAt === undefined || file.points === 0) return;
  const { microStep, step, samples } = resumedAt;
  if (axis === 'samples' && samples === undefined) return;
  const due = clockAt({ microStep, step, samples: samples ?? 0 }, axis) + 1;
  if (file.starts.includes(due)) return;
  const found = file.starts.length === 0 ? 'nothing' : file.starts.join(', ');
  const message = `the run was resumed, but the file does not take over from x ${due} on: TensorBoard shows both`;
  findings
    .reporter(file.path)
    .fault('no-take-over', { at: { x: due }, key: 'SessionLog START', expected: due, found, message });
}
