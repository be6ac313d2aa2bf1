import { realpath, stat } from 'node:fs/promises';

/** Knows how much of a file was there when it was looked at last. */
export interface GrowingFile {
  readonly path: string;
  readonly size: number;
  /** In ms since 1970; 0 before the first look. */
  readonly modifiedAt: number;
  /**
   * What happened since the last look. `'replaced'`: it is another file, shorter, gone, or its path leads elsewhere by a
   * symbolic link.
   */
  look(): Promise<'same' | 'grown' | 'replaced'>;
  /** Whether it is still the file that the last look saw, without looking for what is new. */
  isStillThere(): Promise<boolean>;
}

/** `path` is absolute and without symbolic links: what becomes one later is never followed out of the root. */
export function growingFile(path: string): GrowingFile {
  let size = 0;
  let modifiedAt = 0;
  let identity: string | undefined;
  let bornAt: number | undefined;

  function isOther(found: Found): boolean {
    if (found.identity !== identity || found.size < size) return true;
    return bornAt !== undefined && found.bornAt !== undefined && found.bornAt !== bornAt;
  }

  return {
    path,
    get size() {
      return size;
    },
    get modifiedAt() {
      return modifiedAt;
    },
    async look() {
      const found = await identify(path);
      if (found === undefined) return 'replaced';
      identity ??= found.identity;
      if (isOther(found)) return 'replaced';
      bornAt ??= found.bornAt;
      const isGrown = found.size > size;
      ({ size, modifiedAt } = found);
      return isGrown ? 'grown' : 'same';
    },
    async isStillThere() {
      const found = await identify(path);
      return found !== undefined && !isOther(found);
    },
  };
}

interface Found {
  readonly identity: string;
  readonly bornAt: number | undefined;
  readonly size: number;
  readonly modifiedAt: number;
}

async function identify(path: string): Promise<Found | undefined> {
  try {
    if ((await realpath(path)) !== path) return undefined;
    const { dev, ino, size, mtimeMs, birthtimeMs, ctimeMs } = await stat(path);
    // A new file may get the number of one that was deleted. Where no birth is known, the last change may stand for it.
    const bornAt = birthtimeMs === ctimeMs ? undefined : birthtimeMs;
    return { identity: `${dev}:${ino}`, bornAt, size, modifiedAt: mtimeMs };
  } catch {
    return undefined;
  }
}
