import { basename, dirname, join } from 'node:path';
import type { Identity } from './identify.js';
import type { EventFolder } from './tensorboard-source.js';

/** A file of the one run that wrote it. */
export interface IdentifiedFile {
  readonly path: string;
  readonly identity: Identity;
}

/** A folder of event files: the times, in ms since 1970, at which the runs began that its hparams tell of, and at which its first file was made. */
export interface IdentifiedFolder {
  readonly path: string;
  readonly startedAt: readonly number[];
  readonly createdAt: number | undefined;
}

/** A journal of a run, and how many bytes of it count: what the next one goes on behind; all of it where absent. */
export interface JournalPart {
  readonly path: string;
  readonly until?: number;
}

/** The files of one run. */
export interface RunFiles {
  /** Stays the same while files are added. */
  readonly identity: string;
  /** Where its files lie; what a run without a name is called by. */
  readonly home: string;
  /** Both in the order of the run's parts. */
  readonly journals: readonly JournalPart[];
  readonly wandbLogs: readonly string[];
  readonly eventFolders: readonly EventFolder[];
}

interface Draft extends RunFiles {
  readonly id: string | undefined;
  readonly starts: Set<number>;
  readonly journals: JournalPart[];
  readonly wandbLogs: string[];
  readonly eventFolders: EventFolder[];
}

/** What stands before the tags of layout `'split'`, by the name of the folder. */
const SPLIT: ReadonlyMap<string, string> = new Map([
  ['train', 'train/'],
  ['validation', 'valid/'],
]);
/** A run's event file is made right after the run began, or a moment before by another clock. */
const BEFORE_START_MS = 1000;

/**
 * Says which files belong to one run. Journals and W&B logs name it; a copy in another folder is another run, and so is a
 * journal of the same name that does not go on with the one before. Event files don't name it: their hparams say when it
 * began, to the millisecond; without, they belong to the only run that lies in their folder.
 */
export function joinSources(
  journals: readonly IdentifiedFile[],
  wandbLogs: readonly IdentifiedFile[],
  eventFolders: readonly IdentifiedFolder[],
): readonly RunFiles[] {
  const drafts: Draft[] = [];
  for (const file of byStart(journals)) addJournal(drafts, file);
  for (const file of byStart(wandbLogs)) addWandbLog(drafts, file);
  const homes = new Map(eventFolders.map((folder) => [folder.path, runOfFolder(drafts, folder)]));
  for (const { path } of eventFolders) {
    const prefix = SPLIT.get(basename(path));
    const parent = dirname(path);
    const own = homes.get(path);
    const parents = homes.has(parent) ? homes.get(parent) : onlyOne(drafts.filter(({ home }) => home === parent));
    if (own !== undefined) own.eventFolders.push({ path, prefix: '' });
    else if (prefix !== undefined && parents !== undefined) parents.eventFolders.push({ path, prefix });
    else drafts.push({ ...draft(path, undefined, path), eventFolders: [{ path, prefix: '' }] });
  }
  return drafts;
}

function byStart(files: readonly IdentifiedFile[]): IdentifiedFile[] {
  return files.toSorted(
    (a, b) =>
      (a.identity.startedAt ?? 0) - (b.identity.startedAt ?? 0) ||
      // `x.…` comes before `x-2.…`.
      a.path.length - b.path.length ||
      (a.path < b.path ? -1 : 1),
  );
}

function draft(identity: string, id: string | undefined, home: string): Draft {
  return { identity, home, id, starts: new Set(), journals: [], wandbLogs: [], eventFolders: [] };
}

/** The same whether a run's journal or its W&B log is found first. */
function nameOf(drafts: readonly Draft[], id: string | undefined, home: string): string {
  const before = drafts.filter((run) => run.id === id && run.home === home).length;
  return `${id}@${home}#${before}`;
}

function addJournal(drafts: Draft[], { path, identity }: IdentifiedFile): void {
  const { id, startedAt, isResumed = false, resumes } = identity;
  const home = dirname(path);
  const before = resumes === undefined ? undefined : join(home, resumes.file);
  let run =
    drafts.find(({ journals }) => journals.some((part) => part.path === before)) ??
    (isResumed ? drafts.findLast((other) => other.id === id && other.home === home) : undefined);
  if (run === undefined) {
    run = draft(nameOf(drafts, id, home), id, home);
    drafts.push(run);
  }
  const at = run.journals.findIndex((part) => part.path === before);
  // Whatever went on from the same place was given up.
  if (at >= 0) run.journals.splice(at, Number.POSITIVE_INFINITY, { path: before!, until: resumes!.offset });
  run.journals.push({ path });
  if (startedAt !== undefined) run.starts.add(startedAt);
}

function addWandbLog(drafts: Draft[], { path, identity: { id, startedAt } }: IdentifiedFile): void {
  const home = homeOfLog(path);
  const sameId = id === undefined ? [] : drafts.filter((run) => run.id === id);
  const sameHome = sameId.filter((run) => run.home === home);
  const begunThen = (run: Draft) => startedAt !== undefined && run.starts.has(startedAt);
  let run =
    sameHome.find(begunThen) ??
    onlyOne(sameId.filter(begunThen)) ??
    sameHome.at(-1) ??
    onlyOne(sameId.filter(({ journals }) => journals.length > 0));
  if (run === undefined) {
    run = draft(id === undefined ? path : nameOf(drafts, id, home), id, home);
    drafts.push(run);
  }
  run.wandbLogs.push(path);
  if (startedAt !== undefined) run.starts.add(startedAt);
}

/** Of `home/wandb/offline-run-…/run-….wandb`, home. */
function homeOfLog(path: string): string {
  const parent = dirname(dirname(path));
  return ['wandb', '.wandb'].includes(basename(parent)) ? dirname(parent) : parent;
}

function runOfFolder(drafts: readonly Draft[], { path, startedAt, createdAt }: IdentifiedFolder): Draft | undefined {
  if (startedAt.length === 0) {
    const run = onlyOne(drafts.filter(({ home }) => home === path));
    const first = Math.min(...(run?.starts ?? []));
    return createdAt !== undefined && createdAt >= first - BEFORE_START_MS ? run : undefined;
  }
  // Runs that share a folder are one for TensorBoard, and none of them here.
  const told = drafts.filter(({ starts }) => startedAt.some((start) => starts.has(start)));
  const candidates = told.filter(({ starts }) => startedAt.every((start) => starts.has(start)));
  if (told.length > candidates.length) return undefined;
  return candidates.find(({ home }) => home === path) ?? onlyOne(candidates);
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}
