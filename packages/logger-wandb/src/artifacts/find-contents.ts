import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { LoggerError, show } from '@microbatch/core/logger';
import { staysInside } from '../files/stays-inside.js';

/** What an artifact is to hold: a file or a folder, or several by the path that they get inside. */
export type ArtifactSource = string | Readonly<Record<string, string>>;

/** One file of an artifact. */
export interface ContentFile {
  /** Inside the artifact, with `/` between names. */
  readonly path: string;
  /** Where it is now. */
  readonly source: string;
}

const MAX_FILES = 100_000;

/** Throws a `TypeError` for what is no source. */
export function assertSource(source: unknown): void {
  const isPath = typeof source === 'string' && source !== '';
  if (isPath || (typeof source === 'object' && source !== null && !Array.isArray(source))) return;
  throw new TypeError(`an artifact is made of a path, or of an object with paths, not of ${show(source)}`);
}

/** What an artifact of this source is called where it has no name: as the Python client calls it. */
export function defaultName(source: ArtifactSource, runId: string): string {
  return `run-${runId}-${typeof source === 'string' ? basename(source) : 'files'}`;
}

/**
 * Lists the files of a source, ordered by path as Python orders text. A single file goes under its name, a folder's files
 * under their path from it.
 * Throws a `TypeError` for a path that leaves the artifact or two files of one path, and a `LoggerError` (`file-not-found`).
 */
export async function findContents(source: ArtifactSource): Promise<ContentFile[]> {
  const entries = typeof source === 'string' ? [['', source] as const] : Object.entries(source);
  const files = new Map<string, string>();
  function add(path: string, file: string): void {
    if (files.has(path)) throw new TypeError(`the artifact would hold two files at ${JSON.stringify(path)}`);
    if (files.size === MAX_FILES) throw new TypeError(`an artifact holds at most ${MAX_FILES} files`);
    files.set(path, file);
  }
  for (const [name, path] of entries) {
    if (typeof path !== 'string' || path === '') throw new TypeError(`an artifact needs paths, not ${show(path)}`);
    const inside = name === '' && typeof source === 'string' ? '' : insidePath(name);
    const info = await statOf(path);
    if (info.isDirectory()) await addFolder(inside, path, add, []);
    else if (info.isFile()) add(inside === '' ? basename(path) : inside, path);
    else throw new TypeError(`${path} is no file and no folder`);
  }
  return [...files]
    .map(([path, file]) => ({ path, source: file }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function addFolder(
  inside: string,
  folder: string,
  add: (path: string, file: string) => void,
  parents: readonly string[],
): Promise<void> {
  const real = await realpath(folder);
  // Links are followed, but not in circles.
  if (parents.includes(real)) return;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info?.isDirectory()) await addFolder(posix.join(inside, name), path, add, [...parents, real]);
    else if (info?.isFile()) add(posix.join(inside, name), path);
  }
}

async function statOf(path: string): ReturnType<typeof stat> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new LoggerError('wandb', 'file-not-found', `nothing for an artifact is at ${path}`, { cause });
  }
}

function insidePath(name: string): string {
  if (name === '' || !staysInside(name) || name.includes('\0')) {
    throw new TypeError(`${JSON.stringify(name)} is no path inside an artifact`);
  }
  return posix.normalize(name).replace(/\/$/, '');
}
