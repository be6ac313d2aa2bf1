import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { assertPath } from './arguments.js';
import { EventFileError, reasonOf } from './event-file-error.js';
import { isEventFileName } from './event-file-names.js';

/** One run below a folder. */
export interface Run {
  /** As TensorBoard calls it: the folder's path relative to the root, `'.'` for the root itself. */
  readonly name: string;
  /** What `readScalars` takes. */
  readonly path: string;
}

/** A link to a folder, where one finds it. */
interface Link {
  readonly path: string;
  readonly real: string;
  /** The real paths of the folders that it lies in. */
  readonly above: readonly string[];
}

interface FolderContents {
  readonly isRun: boolean;
  readonly folders: readonly string[];
  readonly links: readonly { readonly name: string; readonly real: string }[];
}

/**
 * The runs at and below `root`, sorted by name: the folders in which event files lie. Every symbolic link to a folder is
 * followed too, but for one to a folder that it lies in; behind each, a folder is found once, at its own place where it has
 * one. Folders below `root` that can't be read are left out, as TensorBoard leaves them out. Rejects with a `TypeError`
 * where `root` is no path, with an `EventFileError` (`read-failed`) where it can't be read.
 */
export async function findRuns(root: string): Promise<Run[]> {
  assertPath('root', root, 'a folder');
  const paths: string[] = [];
  const known = new Map<string, FolderContents | undefined>();

  /** Once for each folder, however many links lead to it; nothing where it can't be read. */
  async function contentsOf(real: string): Promise<FolderContents | undefined> {
    if (!known.has(real)) known.set(real, await readFolder(real).catch(() => undefined));
    return known.get(real);
  }

  /** Walks over a folder and those in it but for the `seen`; returns the links on the way. */
  async function walk({ path, real, above }: Link, seen: Set<string>): Promise<Link[]> {
    if (seen.has(real)) return [];
    seen.add(real);
    const contents = await contentsOf(real);
    if (contents === undefined) return [];
    if (contents.isRun) paths.push(path);
    const inside = [...above, real];
    const links: Link[] = contents.links.map((link) => ({
      path: join(path, link.name),
      real: link.real,
      above: inside,
    }));
    for (const name of contents.folders) {
      links.push(...(await walk({ path: join(path, name), real: join(real, name), above: inside }, seen)));
    }
    return links;
  }

  try {
    const real = await realpath(root);
    known.set(real, await readFolder(real));
    for (const link of await walk({ path: root, real, above: [] }, new Set())) {
      const seen = new Set(link.above);
      const behind = [link];
      for (const next of behind) behind.push(...(await walk(next, seen)));
    }
  } catch (cause) {
    throw new EventFileError('read-failed', root, `cannot read ${root}: ${reasonOf(cause)}`, { cause });
  }
  const runs = paths.map((path) => ({ name: relative(root, path) || '.', path }));
  return runs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readFolder(real: string): Promise<FolderContents> {
  let isRun = false;
  const folders: string[] = [];
  const links: { name: string; real: string }[] = [];
  for (const entry of await readdir(real, { withFileTypes: true })) {
    const { name } = entry;
    if (entry.isDirectory()) folders.push(name);
    const end = entry.isSymbolicLink() ? await endOf(join(real, name)) : undefined;
    if (end?.stats.isDirectory()) links.push({ name, real: end.real });
    if (isEventFileName(name) && (entry.isFile() || end?.stats.isFile())) isRun = true;
  }
  return { isRun, folders, links };
}

/** Undefined where a link leads nowhere. */
async function endOf(link: string): Promise<{ readonly real: string; readonly stats: Stats } | undefined> {
  try {
    const real = await realpath(link);
    return { real, stats: await stat(real) };
  } catch {
    return undefined;
  }
}
