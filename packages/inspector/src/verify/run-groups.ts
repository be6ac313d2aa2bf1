import { dirname, resolve } from 'node:path';
import type { StepAxis } from '@microbatch/core/logger';
import { createFindings, type Findings } from './finding.js';
import type { JournalPart } from './journal/journal-part.js';
import type { JournalHead } from './journal/peek-journal.js';
import type { CheckedSource, RunReport } from './report.js';

/** All that is known of one run: a resumed one has a journal for each part. */
export interface RunGroup {
  id: string;
  name: string;
  readonly heads: JournalHead[];
  readonly parts: JournalPart[];
  readonly sources: CheckedSource[];
  /** The last row of each W&B log, -1 of one without; on which clock. */
  readonly lastRows: { readonly part: JournalPart; readonly axis: StepAxis; readonly row: number }[];
  readonly findings: Findings;
}

export function createRunGroup(id: string, name: string): RunGroup {
  return { id, name, heads: [], parts: [], sources: [], lastRows: [], findings: createFindings() };
}

/** Puts the journals of one run together: those of one id and beginning, each resumed one behind what it resumes. */
export function groupJournals(heads: readonly JournalHead[]): readonly RunGroup[] {
  const groups: RunGroup[] = [];
  const inOrder = [...heads].sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
  for (const head of inOrder) {
    const { id, name, startedAt, resumedAt } = head.run;
    // A run may go on from a checkpoint before its first micro-batch, where nothing is resumed yet.
    const isResumed = resumedAt !== undefined || head.resumes !== undefined;
    const isEarlier = (group: RunGroup) =>
      group.heads.some(({ run }) => run.id === id && run.startedAt === startedAt) && isResumed;
    let group = groups.find(isEarlier);
    if (group === undefined) {
      group = createRunGroup(id, name);
      groups.push(group);
    }
    group.heads.push(head);
  }
  return groups;
}

/** The part that a resumed run goes on from: the latest that reaches where it was resumed. */
export function earlierPart(parts: readonly JournalPart[], microStep: number): JournalPart | undefined {
  return parts.findLast(
    ({ run, lastMicroStep }) => (run.resumedAt?.microStep ?? 0) <= microStep && lastMicroStep >= microStep,
  );
}

/** Whether a later process goes on with the run, from a checkpoint that may be an earlier one's. */
export function isGoneOnWith({ heads }: RunGroup, path: string): boolean {
  const at = heads.findIndex((head) => head.path === path);
  return heads.slice(at + 1).some(({ resumes }) => resumes !== undefined);
}

/** The last row that a run's W&B logs of other parts have on a clock; undefined where there is none. */
export function lastRowBefore({ lastRows }: RunGroup, part: JournalPart, axis: StepAxis): number | undefined {
  const others = lastRows.filter((last) => last.part !== part && last.axis === axis);
  return others.length === 0 ? undefined : Math.max(...others.map(({ row }) => row));
}

/** Checks that a resumed run's parts join: none that is between them is missing. */
export function checkJoints({ heads, parts, findings }: RunGroup): void {
  for (const { path, run, resumes } of heads) {
    const { resumedAt } = run;
    const report = findings.reporter(path);
    if (resumes !== undefined) {
      const before = resolve(dirname(path), String(resumes.file));
      if (parts.some((part) => resolve(part.path) === before)) continue;
      const message = `the run goes on from a checkpoint; the journal before that, ${resumes.file}, is not here`;
      report.note('earlier-part-missing', { at: { microStep: resumedAt?.microStep ?? 0 }, message });
      continue;
    }
    if (resumedAt === undefined) continue;
    const { microStep } = resumedAt;
    const others = parts.filter((part) => part.path !== path);
    if (others.length === 0) {
      const message = `the run was resumed at micro-batch ${microStep}; the journal before that is not here`;
      report.note('earlier-part-missing', { at: { microStep }, message });
      continue;
    }
    if (microStep === 0 || earlierPart(others, microStep) !== undefined) continue;
    const last = Math.max(...others.map(({ lastMicroStep }) => lastMicroStep).filter((step) => step < microStep), 0);
    const message = `the run was resumed at micro-batch ${microStep}; the journals before that end at ${last}`;
    report.fault('missing-micro-batch', { at: { microStep: last + 1 }, expected: microStep, found: last, message });
  }
}

/** What a group's checks have come to. */
export function reportOf({ id, name, parts, sources, findings }: RunGroup): RunReport {
  const outcome = parts.at(-1)?.runEnd?.outcome;
  const { faults } = findings;
  return { id, name, ...(outcome && { outcome }), sources, findings: findings.list(), faults };
}
