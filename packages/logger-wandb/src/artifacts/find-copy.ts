import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactFileMessage } from './artifact-message.js';

/**
 * Finds the copy that a log names of an artifact's file: where it was made, or below the folder of the log, which may have
 * been moved. Returns nothing where the file is gone or holds something else: a log may come from elsewhere, and must not
 * name files that are not its own.
 */
export async function findCopy(
  { localPath = '', digest = '', size = 0 }: ArtifactFileMessage,
  runFolder: string,
): Promise<string | undefined> {
  const inFolder = localPath.split(/[\\/]/).slice(-3);
  for (const path of [join(runFolder, ...inFolder), localPath]) {
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() && info.size === size && (await md5Of(path)) === digest) return path;
  }
  return undefined;
}

async function md5Of(path: string): Promise<string | undefined> {
  const md5 = createHash('md5');
  try {
    await pipeline(createReadStream(path), md5);
  } catch {
    return undefined;
  }
  return (md5.read() as Buffer).toString('base64');
}
