import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { LoggerNotice } from '@microbatch/core/logger';
import { type Requester, RequestFailed } from './requester.js';
import type { ServerRun } from './run-bucket.js';
import type { ServerApi } from './server-api.js';

/** As the Python client. */
const MAX_RETRIES = 20;
const SLOWEST_BYTES_PER_MS = 16;
const BASE_LIMIT_MS = 180_000;
/** A URL's signature may run out while its file waits: a refused file gets a new one. */
const MAX_URLS = 2;

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
  for (let urls = 1; ; urls++) {
    try {
      const info = await stat(path);
      if (!info.isFile()) return skip('it is no file');
      const target = await context.api.fileTarget(context.run, name);
      if (target === undefined) return skip('the server gives no place for it');
      await context.requester.send({
        what: `uploading the file ${JSON.stringify(name)}`,
        method: 'PUT',
        url: target.url,
        // Signed URLs want the length: a stream alone would be sent in chunks of unknown number.
        headers: { ...target.headers, 'content-length': String(info.size) },
        body: () => (info.size === 0 ? null : bytesOf(path, info.size)),
        withKey: false,
        limitMs: BASE_LIMIT_MS + info.size / SLOWEST_BYTES_PER_MS,
        maxRetries: MAX_RETRIES,
        needsBody: false,
      });
      return true;
    } catch (error) {
      if (error instanceof RequestFailed) {
        if (error.status === undefined || urls === MAX_URLS) return skip(error.message);
      } else if ((error as NodeJS.ErrnoException).code !== undefined) {
        return skip((error as Error).message);
      } else {
        throw error;
      }
    }
  }
}

function bytesOf(path: string, size: number): ReadableStream {
  return Readable.toWeb(createReadStream(path, { end: size - 1 })) as ReadableStream;
}

/** Whether a name stays in its folder: a log may come from elsewhere, and must not name files beside its own. */
export function isLocalName(name: string): boolean {
  return name !== '' && !isAbsolute(name) && normalize(name).split(sep)[0] !== '..';
}
