import { dirname } from 'node:path';
import { type Fit, fitOf, layoutOf, pointSamples, rowSamples } from './assign.js';
import { checkTensorboard, type EventFileSet, rootOf } from './check-tensorboard.js';
import { checkFilesAlone, compareWithWandb } from './check-unjournaled.js';
import { checkWandb } from './check-wandb.js';
import { createEventIndex, type EventIndex } from './event-index.js';
import { findSources } from './find-sources.js';
import { createFindings } from './finding.js';
import { auditJournal, type JournalContext } from './journal/audit-journal.js';
import type { JournalPart } from './journal/journal-part.js';
import { peekJournal } from './journal/peek-journal.js';
import type { CheckedSource, VerifyReport } from './report.js';
import {
  checkJoints,
  createRunGroup,
  earlierPart,
  groupJournals,
  isGoneOnWith,
  lastRowBefore,
  type RunGroup,
  reportOf,
} from './run-groups.js';
import { loadEventFile } from './tensorboard/load-event-file.js';
import { type EventFileHead, peekEventFile } from './tensorboard/peek-event-file.js';
import { axisOf, checkRowsAlone } from './wandb/check-rows-alone.js';
import { loadWandb, type WandbTarget } from './wandb/load-wandb.js';

/** What a file may be of: a journal, or a W&B log without one. */
interface Owner {
  readonly path: string;
  readonly runId: string;
  readonly index: EventIndex;
  readonly taken: Map<string, number>;
  readonly group: RunGroup;
  readonly part?: JournalPart;
  readonly target?: WandbTarget;
}

/** A journal of no run. */
const ALONE: JournalContext = { parts: [], earlierPart: () => undefined, isGoneOnWith: false };

/** How `verify` tells how far it is. */
export interface VerifyOptions {
  /** Before each file. */
  readonly onProgress?: (done: number, files: number, path: string) => void;
}

/**
 * Recomputes every accumulated loss of the journals at and below `paths` from its lineage, and checks journals, W&B logs and
 * event files of one run against each other: what of it is where, and whether all of them can be true. Never rejects for what
 * is wrong with a file: that is what it reports.
 */
export async function verify(paths: readonly string[], { onProgress }: VerifyOptions = {}): Promise<VerifyReport> {
  const findings = createFindings();
  const { journals, wandbLogs, eventFiles } = findSources(paths, findings);
  const files = journals.length + wandbLogs.length + eventFiles.length;
  let done = 0;
  const tell = (path: string) => onProgress?.(done++, files, path);

  const groups: RunGroup[] = [];
  const owners: Owner[] = [];

  async function checkJournals(): Promise<void> {
    const heads = [];
    for (const path of journals) {
      const head = await peekJournal(path);
      if (head !== undefined) heads.push(head);
      else await auditJournal(path, findings.reporter(path), ALONE);
    }
    for (const group of groupJournals(heads)) {
      for (const { path } of group.heads) await checkJournal(path, group);
      checkJoints(group);
      // Journals that went while we looked.
      if (group.parts.length > 0) groups.push(group);
      else findings.adopt(group.findings);
    }
  }

  async function checkJournal(path: string, group: RunGroup): Promise<void> {
    tell(path);
    const { parts } = group;
    const part = await auditJournal(path, group.findings.reporter(path), {
      parts,
      earlierPart: ({ resumedAt }) => earlierPart(parts, resumedAt?.microStep ?? 0),
      isGoneOnWith: isGoneOnWith(group, path),
    });
    if (part === undefined) return;
    parts.push(part);
    owners.push({ path, runId: part.run.id, index: part.index, taken: new Map(), group, part });
    const { microBatches, steps, discarded } = part.counts;
    group.sources.push({ kind: 'journal', path, checked: { microBatches, steps, discarded } });
  }

  async function checkLog(path: string): Promise<void> {
    tell(path);
    const own = createFindings();
    const report = own.reporter(path);
    const target = loadWandb(path, report);
    if (target === undefined) return findings.adopt(own);
    const fit = fitOf(
      { path, place: dirname(dirname(path)), runId: target.run.run.id, samples: rowSamples(target) },
      owners.filter(({ part }) => part),
    );
    const part = fit?.candidate.part;
    // Several logs are of one run that went on from checkpoints.
    const before = owners.find((owner) => isOfOneRun(owner.target, target));
    const group = fit?.candidate.group ?? before?.group ?? createRunGroup(target.run.run.id, target.run.run.name);
    if (part === undefined) {
      checkRowsAlone(target, report);
      if (before === undefined) groups.push(group);
      owners.push({ path, runId: group.id, index: indexOfRows(target), taken: new Map(), group, target });
      const axis = axisOf(target);
      const checked = { rows: target.rows.size };
      group.sources.push({ kind: 'wandb', path, ...(axis && { axis }), checked });
    } else {
      // A log without rows has the clock of the others.
      const ofOthers = target.rows.size === 0 ? group.lastRows.at(-1)?.axis : undefined;
      const likelyAxis = axisOf(target) ?? ofOthers ?? fit!.axis;
      const lastRow = lastRowBefore(group, part, likelyAxis);
      const place = { likelyAxis, lastRow, newest: group.parts.at(-1) };
      const { source, isWhole } = await checkWandb(target, part, place, own);
      group.sources.push(source);
      if (!isWhole) group.lastRows.push({ part, axis: likelyAxis, row: [...target.rows.keys()].at(-1) ?? -1 });
    }
    group.findings.adopt(own);
  }

  async function checkEventFiles(): Promise<void> {
    const empty: EventFileHead[] = [];
    const sets = new Map<string, EventFileSet & { heads: EventFileHead[]; fit: Fit<Owner> | undefined }>();
    for (const path of eventFiles) {
      tell(path);
      const head = await peekEventFile(path);
      if (head.points.length === 0) {
        empty.push(head);
        continue;
      }
      const root = rootOf(head);
      const fit = fitOf({ path: `${root}/-`, place: head.folder, samples: pointSamples(head) }, owners);
      const layout = layoutOf(head);
      const key = JSON.stringify([root, layout, fit?.axis, fit?.candidate.path]);
      const set = sets.get(key) ?? { root, layout, axis: fit?.axis ?? 'micro', heads: [], fit };
      sets.set(key, set);
      set.heads.push(head);
    }
    // A run's hparams, say: it belongs to the others of its folder.
    for (const head of empty) {
      const set = [...sets.values()].find(({ root }) => root === head.folder);
      if (set !== undefined) set.heads.push(head);
      else await loadEventFile(head.path, findings.reporter(head.path));
    }
    for (const set of sets.values()) await checkSet(set, set.fit?.candidate);
  }

  async function checkSet(set: EventFileSet, owner: Owner | undefined): Promise<void> {
    const group = owner?.group ?? createRunGroup('', set.root);
    let sources: CheckedSource[];
    if (owner?.part !== undefined)
      sources = [await checkTensorboard(set, owner.part, group.parts.at(-1), group.findings)];
    else if (owner?.target !== undefined) {
      const { target } = owner;
      const others = owners.flatMap((other) =>
        other.target !== target && isOfOneRun(other.target, target) ? [other.target!] : [],
      );
      sources = [await compareWithWandb(set, target, others, group.findings)];
    } else sources = await checkFilesAlone(set.heads, group.findings);
    group.sources.push(...sources);
    // A file that could not be read is a finding without a run.
    if (owner === undefined && sources.length > 0) groups.push(group);
    else if (owner === undefined) findings.adopt(group.findings);
  }

  await checkJournals();
  for (const path of inOrderOfTime(wandbLogs)) await checkLog(path);
  await checkEventFiles();
  const runs = groups.map(reportOf);
  return {
    runs,
    findings: findings.list(),
    faults: runs.reduce((sum, run) => sum + run.faults, findings.faults),
  };
}

function isOfOneRun(a: WandbTarget | undefined, b: WandbTarget): boolean {
  return a?.run.run.id === b.run.run.id && a.run.run.startedAt === b.run.run.startedAt;
}

function indexOfRows({ rows }: WandbTarget): EventIndex {
  const index = createEventIndex();
  for (const row of rows.values()) {
    index.add({
      microStep: Number(row['trainer/micro_step']),
      step: Number(row['trainer/step']),
      samples: Number(row['trainer/samples']),
      time: Number(row._timestamp) * 1000,
    });
  }
  return index;
}

/** Logs of one run in the order in which its processes began them: their folders' names say it. */
function inOrderOfTime(logs: readonly string[]): readonly string[] {
  const timeOf = (path: string) => /run-(\d{8}_\d{6})-[^/\\]*$/.exec(dirname(path))?.[1] ?? '';
  return [...logs].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : Number(timeOf(a) > timeOf(b))));
}
