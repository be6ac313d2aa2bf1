import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { staysInside } from '../files/stays-inside.js';
import { putFile } from './put-file.js';
import { type Requester, RequestFailed } from './requester.js';
import type { ServerRun } from './run-bucket.js';
import type { ServerApi } from './server-api.js';

/**
 * Uploads one file of the folder `filesDir` by a URL that the server signs. Returns whether the server has it; what can't be
 * uploaded is a notice and does not end the run's upload. Throws `UploadAborted` only.
 */
export async function uploadFile(
  name: string,
  context: {
    readonly filesDir: string;
    readonly run: ServerRun;
    readonly api: ServerApi;
    readonly requester: Requester;
    readonly onNotice: (notice: LoggerNotice) => void;
  },
): Promise<boolean> {
  function skip(reason: string): false {
    const message = `the run's file ${JSON.stringify(name)} is not uploaded: ${reason}`;
    context.onNotice({ level: 'warn', code: 'file-not-uploaded', message });
    return false;
  }

  if (!isLocalName(name)) return skip('it is not in files/');
  const path = join(context.filesDir, name);
  try {
    const info = await stat(path);
    if (!info.isFile()) return skip('it is no file');
    const isThere = await putFile(
      `uploading the file ${JSON.stringify(name)}`,
      { path, size: info.size },
      { findTarget: () => context.api.fileTarget(context.run, name), requester: context.requester },
    );
    return isThere || skip('the server gives no place for it');
  } catch (error) {
    const isExpected = error instanceof RequestFailed || (error as NodeJS.ErrnoException).code !== undefined;
    if (!isExpected) throw error;
    return skip((error as Error).message);
  }
}

/** Whether a name stays in its folder: a log may come from elsewhere, and must not name files beside its own. */
export function isLocalName(name: string): boolean {
  return name !== '' && staysInside(name);
}
