import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import { FILE_POLICIES, type FilePolicy } from '../log/records.js';
import { METADATA_FILE } from '../machine/metadata.js';
import { END_FILES } from '../upload/end-files.js';
import { globPaths } from './glob.js';
import { placeCopy, placeLink } from './place-file.js';
import { staysInside } from './stays-inside.js';

/** A file of the run, as a `FilesRecord` has it. */
export interface SavedFile {
  /** Relative to `files/`, with `/` between names. */
  readonly path: string;
  readonly policy: FilePolicy;
}

/** What the run itself writes into `files/`: the Python client writes these over what a user saved. */
const RESERVED: ReadonlySet<string> = new Set([METADATA_FILE, ...Object.values(END_FILES)]);

/**
 * Puts the files that match `pattern` below a run's `files/`, as `run.save` of the Python client does: their path from `base`
 * stays. `base` is the working directory, or for an absolute pattern the folder two above its last name.
 *
 * `now` copies the file as it is; `end` and `live` link to it, so that the run has what it holds later (see `keepSavedFiles`).
 *
 * Throws a `TypeError` or `RangeError` for options that are wrong or a pattern that leaves `base`, a `LoggerError` where
 * nothing matches (`file-not-found`) or a file would take the place of one of the run's own (`reserved-name`), or the file
 * system's error.
 */
export function saveFiles(
  pattern: string,
  options: {
    readonly filesDir: string;
    readonly base?: string | undefined;
    readonly policy?: FilePolicy | undefined;
    /** Whether `*`, `?` and `[` stand for other characters; true by default. */
    readonly glob?: boolean | undefined;
  },
): SavedFile[] {
  const { filesDir, policy = 'live', glob = true } = options;
  if (typeof pattern !== 'string' || pattern === '') throw new TypeError(`save needs a path, not ${String(pattern)}`);
  if (!Object.keys(FILE_POLICIES).includes(policy))
    throw new TypeError(`policy must be now, end or live, not ${String(policy)}`);
  const absolute = resolve(pattern);
  const base = resolve(options.base ?? (isAbsolute(pattern) ? dirname(dirname(absolute)) : '.'));
  if (!isBelow(base, absolute)) throw new RangeError(`save: ${pattern} is not below its base ${base}`);

  const paths = (glob ? globPaths(absolute) : [absolute]).filter((path) => isFile(path));
  if (paths.length === 0) throw new LoggerError('wandb', 'file-not-found', `save: no file is at ${pattern}`);
  const reserved = paths.map((path) => relative(base, path)).find((name) => RESERVED.has(name));
  if (reserved !== undefined) {
    const message = `save: ${reserved} is the name of a file that each run writes itself: rename it, or save it below a folder, by base`;
    throw new LoggerError('wandb', 'reserved-name', message);
  }
  return paths.map((source) => {
    const target = join(filesDir, relative(base, source));
    if (!isSame(source, target)) (policy === 'now' ? placeCopy : placeLink)(source, target);
    return { path: relative(filesDir, target).split(sep).join('/'), policy };
  });
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && staysInside(way);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether a file is saved from where it would be put. */
function isSame(source: string, target: string): boolean {
  try {
    return (
      source === target || source === join(realpathSync(dirname(target)), target.slice(dirname(target).length + 1))
    );
  } catch {
    return false;
  }
}
