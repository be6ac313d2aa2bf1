import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Problem } from './run-source.js';

/** Files that may be a run's: their names say so, nobody has read them. Paths are absolute. */
export interface FoundFiles {
  readonly journals: readonly string[];
  readonly wandbLogs: readonly string[];
  /** Folders in which event files lie. */
  readonly eventFolders: readonly string[];
  /** What is left out, and why. */
  readonly problems: readonly Problem[];
}

const MOST_FOLDERS = 50_000;
/** They hold no runs, and many folders. */
const PASSED_OVER = new Set(['node_modules', '.git', '__pycache__']);

/**
 * Looks for runs at and below `root`, a real path, without following symbolic links: what they lead to inside of `root` is
 * found where it lies, and nothing outside may be shown. Rejects with the file system's error where `root` can't be read.
 */
export async function findFiles(root: string): Promise<FoundFiles> {
  const found = {
    journals: [] as string[],
    wandbLogs: [] as string[],
    eventFolders: [] as string[],
    problems: [] as Problem[],
  };
  const folders = [root];
  let count = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (++count > MOST_FOLDERS) {
      found.problems.push({
        path: '.',
        message: `it holds more than ${MOST_FOLDERS} folders: the rest was not looked at`,
      });
      break;
    }
    const entries = await entriesOf(root, folder, found.problems);
    const isRunFolder = entries.some((entry) => entry.isFile() && isWandbLog(entry.name));
    let hasEvents = false;
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink()) await tellOfLink(root, path, found.problems);
      else if (entry.isDirectory()) {
        // What a W&B run keeps beside its log is no run.
        if (!PASSED_OVER.has(entry.name) && !isRunFolder) folders.push(path);
      } else if (entry.isFile()) {
        if (entry.name.includes('tfevents')) hasEvents = true;
        else if (isWandbLog(entry.name)) found.wandbLogs.push(path);
        else if (entry.name.endsWith('.jsonl')) found.journals.push(path);
      }
    }
    if (hasEvents) found.eventFolders.push(folder);
  }
  for (const paths of [found.journals, found.wandbLogs, found.eventFolders]) paths.sort();
  return found;
}

function isWandbLog(name: string): boolean {
  return /^run-.*\.wandb$/s.test(name);
}

async function entriesOf(root: string, folder: string, problems: Problem[]): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (folder === root) throw error;
    // It went while we looked.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      problems.push({
        path: relative(root, folder),
        message: `can't be read (${(error as NodeJS.ErrnoException).code})`,
      });
    }
    return [];
  }
}

async function tellOfLink(root: string, path: string, problems: Problem[]): Promise<void> {
  try {
    const real = await realpath(path);
    if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
    if (!(await stat(real)).isDirectory() && !isRunFile(real)) return;
    problems.push({ path: relative(root, path), message: 'is a link that leads out of the directory: not followed' });
  } catch {
    // It leads nowhere.
  }
}

function isRunFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf(sep) + 1);
  return name.includes('tfevents') || name.endsWith('.jsonl') || isWandbLog(name);
}
