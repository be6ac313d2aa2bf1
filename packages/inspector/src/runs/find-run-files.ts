import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { findFiles } from './find-files.js';
import { identifyEventFile, identifyJournal, identifyWandbLog, problemOf } from './identify.js';
import { type IdentifiedFile, type IdentifiedFolder, joinSources, type RunFiles } from './join-sources.js';
import type { Problem } from './run-source.js';

/** What there is to see at and below a folder. */
export interface FoundRuns {
  readonly runs: readonly RunFiles[];
  readonly problems: readonly Problem[];
}

/** Looks for runs. It remembers who a file's run is, and reads the beginning of a file again only while that does not say it. */
export interface RunFinder {
  /** Rejects with the file system's error where the root can't be read. */
  find(): Promise<FoundRuns>;
}

/** What was found out of a file while it had `size` bytes. */
interface Known<T> {
  readonly size: number;
  /** Another file at the same path may be another run's. */
  readonly inode: string;
  readonly isFinal: boolean;
  readonly value: T;
}

/** Finds the runs at and below `root`, a real path. */
export function createRunFinder(root: string): RunFinder {
  const known = new Map<string, Known<unknown>>();
  const nameOf = (path: string) => relative(root, path) || '.';

  /** What `look` finds out of a file; nothing, and a problem, where it can't be read. */
  async function remembered<T>(
    path: string,
    problems: Problem[],
    look: () => Promise<{ readonly value: T; readonly isFinal: boolean }>,
  ): Promise<T | undefined> {
    const before = known.get(path) as Known<T> | undefined;
    try {
      const { size, inode } = await statOf(path);
      const isSame = before?.inode === inode && (before.isFinal ? before.size <= size : before.size === size);
      if (!isSame) known.set(path, { size, inode, ...(await look()) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      problems.push(problemOf(path, nameOf(path), error));
      return undefined;
    }
    return known.get(path)!.value as T;
  }

  async function identifyAll(
    paths: readonly string[],
    problems: Problem[],
    identify: (path: string) => Promise<IdentifiedFile['identity'] | undefined>,
  ): Promise<IdentifiedFile[]> {
    const files: IdentifiedFile[] = [];
    for (const path of paths) {
      const identity = await remembered(path, problems, async () => {
        const value = await identify(path);
        return { value, isFinal: value?.id !== undefined };
      });
      if (identity !== undefined) files.push({ path, identity });
    }
    return files;
  }

  async function identifyFolder(path: string, problems: Problem[]): Promise<IdentifiedFolder> {
    const startedAt: number[] = [];
    let createdAt: number | undefined;
    const names = (await readdir(path).catch(() => [])).filter((name) => name.includes('tfevents')).sort();
    for (const name of names) {
      const file = join(path, name);
      const found = await remembered(file, problems, async () => {
        const value = await identifyEventFile(file);
        return { value, isFinal: value.isWhole };
      });
      if (found === undefined) continue;
      startedAt.push(...found.startedAt);
      createdAt ??= found.createdAt;
    }
    return { path, startedAt, createdAt };
  }

  return {
    async find() {
      const found = await findFiles(root);
      const problems = [...found.problems];
      const journals = await identifyAll(found.journals, problems, identifyJournal);
      const logs = await identifyAll(found.wandbLogs, problems, identifyWandbLog);
      const folders: IdentifiedFolder[] = [];
      for (const path of found.eventFolders) folders.push(await identifyFolder(path, problems));
      return { runs: joinSources(journals, logs, folders), problems };
    },
  };
}

async function statOf(path: string): Promise<{ readonly size: number; readonly inode: string }> {
  const { size, dev, ino, birthtimeMs } = await stat(path);
  // A new file may get the number of one that was deleted. Where no birth is known, the last change stands for it.
  return { size, inode: `${dev}:${ino}:${birthtimeMs}` };
}
