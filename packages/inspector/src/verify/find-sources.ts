import { closeSync, type Dirent, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Findings } from './finding.js';

/** The files to check, by kind, each in the order of their paths. */
export interface Sources {
  readonly journals: readonly string[];
  readonly wandbLogs: readonly string[];
  readonly eventFiles: readonly string[];
}

type Kind = keyof Sources;

/** Where nobody keeps runs, and much else lies. */
const PASSED_OVER = new Set(['node_modules', '.git']);
const JOURNAL_MARK = '"format":"microbatch-journal"';
const HEAD_BYTES = 512;

/**
 * Finds journals, W&B logs and event files at and below `paths`. Links to folders are followed only where they are named. What
 * can't be read, and a file that is named but is of no known kind, is a fault; the rest is found all the same.
 */
export function findSources(paths: readonly string[], findings: Findings): Sources {
  const found: Record<Kind, Set<string>> = { journals: new Set(), wandbLogs: new Set(), eventFiles: new Set() };

  function unreadable(path: string, error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    const isGone = code === 'ENOENT';
    findings.reporter(path).fault('unreadable', { message: isGone ? 'there is no such file or folder' : message });
  }

  function takeFile(path: string, isNamed: boolean): void {
    try {
      const kind = kindOf(path);
      if (kind !== undefined) found[kind].add(path);
      else if (isNamed) {
        const message = 'is neither a journal, nor a W&B log (.wandb), nor an event file (…tfevents…)';
        findings.reporter(path).fault('foreign-file', { message });
      }
    } catch (error) {
      if (isNamed || looksLike(path)) unreadable(path, error);
    }
  }

  function takeFolder(path: string): void {
    let entries: Dirent[];
    try {
      entries = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      unreadable(path, error);
      return;
    }
    // What a W&B run keeps beside its log is no run: it may be a copy of another's files.
    const isWandbRun = entries.some((entry) => !entry.isDirectory() && /^run-.*\.wandb$/s.test(entry.name));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inside = join(path, entry.name);
      if (entry.isDirectory() && !isWandbRun && !PASSED_OVER.has(entry.name)) takeFolder(inside);
      else if (entry.isFile() || (entry.isSymbolicLink() && leadsToFile(inside))) takeFile(inside, false);
    }
  }

  for (const path of paths) {
    try {
      if (statSync(path).isDirectory()) takeFolder(path);
      else takeFile(path, true);
    } catch (error) {
      unreadable(path, error);
    }
  }
  return {
    journals: [...found.journals],
    wandbLogs: [...found.wandbLogs],
    eventFiles: [...found.eventFiles],
  };
}

function looksLike(path: string): boolean {
  return /\.wandb$|tfevents|\.jsonl$/.test(path);
}

function kindOf(path: string): Kind | undefined {
  if (path.endsWith('.wandb')) return 'wandbLogs';
  if (/[^/\\]*tfevents[^/\\]*$/.test(path)) return 'eventFiles';
  if (path.endsWith('.microbatch.jsonl')) return 'journals';
  // A journal may have any name.
  return path.endsWith('.jsonl') && headOf(path).includes(JOURNAL_MARK) ? 'journals' : undefined;
}

function headOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    return bytes.subarray(0, readSync(file, bytes, 0, HEAD_BYTES, 0)).toString();
  } finally {
    closeSync(file);
  }
}

function leadsToFile(link: string): boolean {
  try {
    return statSync(link).isFile();
  } catch {
    return false;
  }
}
