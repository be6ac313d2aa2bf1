import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '../checkpoint/checkpoint-error.js';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import { assertKnownOptions, assertPositiveInteger, show } from '../option-checks.js';

/** What a folder keeps. */
export interface CheckpointFolderOptions {
  /** How many checkpoints stay; 2 by default, so that there is one to fall back on. */
  readonly keep?: number;
}

const NAME = /^checkpoint-(\d{8,})\.microbatch$/;
const TEMPORARY = /^checkpoint-\d{8,}\.microbatch\.[0-9a-f-]+\.tmp$/;

/**
 * Keeps checkpoints as files `checkpoint-00000001.microbatch`, `checkpoint-00000002.microbatch` … in a folder, which is made
 * where it is missing (docs/checkpoints.md has the format). A file is written beside its place, made durable, and renamed:
 * whatever kills the process, each file there is whole. Serves one run at a time: a write rejects with a `CheckpointError`
 * (`in-use`) where another process has written meanwhile. Throws a `TypeError` or `RangeError` for arguments that are wrong.
 */
export function checkpointFolder(dir: string, options: CheckpointFolderOptions = {}): CheckpointStore {
  if (typeof dir !== 'string' || dir === '') throw new TypeError(`dir must be a folder's path, not ${show(dir)}`);
  assertKnownOptions('checkpointFolder', options, ['keep']);
  const { keep = 2 } = options;
  assertPositiveInteger('keep', keep);
  /** The number of the newest file that this store knows of. */
  let known: number | undefined;
  let isSwept = false;

  async function numbers(): Promise<number[]> {
    return numbersOf(await readdir(dir));
  }

  function inUse(number: number): CheckpointError {
    return new CheckpointError(
      'in-use',
      `another process has written ${join(dir, nameOf(number))}: two runs that save into one folder would go on with each other's checkpoints`,
    );
  }

  /** Removes what killed processes left half written. */
  async function sweep(): Promise<void> {
    if (isSwept) return;
    isSwept = true;
    for (const name of await readdir(dir)) if (TEMPORARY.test(name)) await rm(join(dir, name), { force: true });
  }

  return {
    list() {
      const found = numbersOf(namesIn(dir));
      known = found[0] ?? 0;
      return found.map((number) => {
        const path = join(dir, nameOf(number));
        return { name: path, read: () => readFileSync(path) };
      });
    },
    async write(parts) {
      await mkdir(dir, { recursive: true });
      await sweep();
      const [newest = 0] = await numbers();
      if (known !== undefined && newest > known) {
        known = newest;
        throw inUse(newest);
      }
      const number = Math.max(newest, known ?? 0) + 1;
      try {
        await writeDurably(dir, nameOf(number), parts);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        known = number;
        throw inUse(number);
      }
      known = number;
      for (const old of (await numbers()).slice(keep)) await rm(join(dir, nameOf(old)), { force: true });
    },
  };
}

function nameOf(number: number): string {
  return `checkpoint-${String(number).padStart(8, '0')}.microbatch`;
}

/** The newest first. */
function numbersOf(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => b - a);
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function writeDurably(dir: string, name: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = join(dir, `${name}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await using(await open(temporary, 'wx'), async (file) => {
      await writeAll(file, parts);
      await file.sync();
    });
    await place(temporary, join(dir, name));
  } finally {
    await rm(temporary, { force: true });
  }
  // A rename is durable with its folder. Windows opens no folders.
  if (process.platform !== 'win32') await using(await open(dir, 'r'), (folder) => folder.sync());
}

/** Gives a file its name, never that of another file where the file system can tell: rejects with `EEXIST`. */
async function place(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    // Not every file system has links.
    await rename(temporary, path);
  }
}

async function using(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

/** A system takes 1,024 pieces at once, and may write fewer bytes than it was given. */
const MOST_PIECES = 1024;

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let left = parts.filter((part) => part.length > 0);
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left.slice(0, MOST_PIECES));
    const whole = left.findIndex((part) => {
      if (part.length > bytesWritten) return true;
      bytesWritten -= part.length;
      return false;
    });
    if (whole === -1) return;
    left = [left[whole]!.subarray(bytesWritten), ...left.slice(whole + 1)];
  }
}
