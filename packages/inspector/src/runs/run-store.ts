import { realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import { createRunFinder } from './find-run-files.js';
import type { RunFiles } from './join-sources.js';
import { journalSource } from './journal-source.js';
import { type KeptSource, keepSource } from './kept-source.js';
import { joinFacts, type Run } from './run.js';
import type { Problem, RunSource } from './run-source.js';
import { tensorboardSource } from './tensorboard-source.js';
import { wandbSource } from './wandb-source.js';

/** The runs at and below a folder. */
export interface RunStore {
  /** The folder's real path. */
  readonly root: string;
  /** In no order that means anything. */
  readonly runs: readonly Run[];
  run(key: number): Run | undefined;
  /** What belongs to no run: files that can't be read, links that are not followed. */
  readonly problems: readonly Problem[];
  /** A number that rises with every change of a run. */
  versionOf(key: number): number;
  /** Looks for new runs. Rejects with the file system's error where the root can't be read. */
  find(): Promise<void>;
  /** Reads what is new of all runs. Versions rise while that goes on; `onProgress` is called when they did. */
  read(onProgress?: () => void): Promise<void>;
  /** Reads also what of a run waits to be asked for. */
  readAll(key: number): Promise<void>;
}

interface FoundRun {
  readonly key: number;
  readonly files: RunFiles;
  readonly kept: readonly KeptSource[];
}

const AT_ONCE = 4;
/** How often a source that takes long says that there is more of it. */
const PROGRESS_MS = 250;

/** Opens the folder at `path`; it holds no runs before `find` and `read`. Rejects with the file system's error where there is none. */
export async function openRunStore(path: string): Promise<RunStore> {
  const root = await realpath(path);
  const finder = createRunFinder(root);
  const nameOf = (file: string) => relative(root, file) || '.';
  const keys = new Map<string, number>();
  const versions = new Map<number, number>();
  let known = new Map<string, KeptSource>();
  let found: readonly FoundRun[] = [];
  let problems: readonly Problem[] = [];

  function keyOf(identity: string): number {
    let key = keys.get(identity);
    if (key === undefined) {
      key = keys.size;
      keys.set(identity, key);
    }
    return key;
  }

  function touch(key: number): void {
    versions.set(key, (versions.get(key) ?? 0) + 1);
  }

  function makersOf({ journals, wandbLogs, eventFolders }: RunFiles): (readonly [name: string, () => RunSource])[] {
    const makers = [
      [journals, () => journalSource(journals, nameOf)],
      [wandbLogs, () => wandbSource(wandbLogs, nameOf)],
      [eventFolders, () => tensorboardSource(eventFolders, nameOf)],
    ] as const;
    return makers.filter(([files]) => files.length > 0).map(([files, make]) => [JSON.stringify(files), make] as const);
  }

  /** Goes on with the sources that have the same files as before. */
  function take(files: RunFiles, next: Map<string, KeptSource>): FoundRun {
    const key = keyOf(files.identity);
    const kept = makersOf(files).map(([name, make], rank) => {
      const one = known.get(name) ?? keepSource(make, rank === 0);
      if (!known.has(name)) touch(key);
      next.set(name, one);
      return one;
    });
    return { key, files, kept };
  }

  function runOf({ key, files, kept }: FoundRun): Run {
    const sources = kept.map(({ source }) => source);
    return {
      key,
      files,
      path: nameOf(files.home),
      sources,
      facts: joinFacts(sources),
      problems: sources.flatMap((source) => source.problems),
      modifiedAt: Math.max(0, ...sources.map(({ modifiedAt }) => modifiedAt)),
      isLoaded: kept.every(({ isRead, isWaiting }) => isRead || isWaiting),
    };
  }

  async function advanceAll(): Promise<void> {
    // The best of each run first: they are what the first charts show.
    const queue = found
      .flatMap(({ key, kept }) => kept.map((one, rank) => ({ key, one, rank })))
      .sort((a, b) => a.rank - b.rank);
    let next = 0;
    async function work(): Promise<void> {
      for (let item = queue[next++]; item !== undefined; item = queue[next++]) {
        if (await item.one.advance()) touch(item.key);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  return {
    root,
    get runs() {
      return found.map(runOf);
    },
    run(key) {
      const run = found.find((one) => one.key === key);
      return run && runOf(run);
    },
    get problems() {
      return problems;
    },
    versionOf: (key) => versions.get(key) ?? 0,
    async find() {
      const result = await finder.find();
      const next = new Map<string, KeptSource>();
      found = result.runs.map((files) => take(files, next));
      known = next;
      problems = result.problems;
    },
    async read(onProgress = () => {}) {
      const progress = setInterval(() => {
        for (const { key, kept } of found) if (kept.some(({ isReading }) => isReading)) touch(key);
        onProgress();
      }, PROGRESS_MS);
      await advanceAll().finally(() => clearInterval(progress));
    },
    async readAll(key) {
      for (const one of found.find((run) => run.key === key)?.kept ?? []) if (await one.ask()) touch(key);
    },
  };
}
