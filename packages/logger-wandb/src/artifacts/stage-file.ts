import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolders } from '../run/make-folders.js';

/** A file's copy that waits for its upload. */
export interface StagedFile {
  /** Absolute. */
  readonly localPath: string;
  /** MD5 in base64. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Copies a file into `stagingDir`, under its digest: what is uploaded later is what the file holds now. A copy and no link,
 * as some versions of `wandb sync` delete what they have uploaded.
 */
export async function stageFile(source: string, stagingDir: string): Promise<StagedFile> {
  makeFolders(stagingDir);
  const folder = await mkdtemp(join(stagingDir, '.new-'));
  try {
    const copy = join(folder, 'copy');
    await copyFile(source, copy, constants.COPYFILE_FICLONE);
    const md5 = createHash('md5');
    await pipeline(createReadStream(copy), md5);
    const hash: Buffer = md5.read();
    const localPath = join(stagingDir, hash.toString('hex'));
    await rename(copy, localPath);
    return { localPath, digest: hash.toString('base64'), size: (await stat(localPath)).size };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
