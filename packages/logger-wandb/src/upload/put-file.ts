import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type Requester, RequestFailed } from './requester.js';

/** Where one file is to be put, by a URL that the server has signed. */
export interface UploadTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is put: the first `size` bytes of the file at `path`, or bytes. */
export type UploadContent = { readonly path: string; readonly size: number } | { readonly bytes: Uint8Array };

/** As the Python client. */
const MAX_RETRIES = 20;
const SLOWEST_BYTES_PER_MS = 16;
const BASE_LIMIT_MS = 180_000;
/** A URL's signature may run out while its file waits: a refused file gets a new one. */
const MAX_URLS = 2;

/**
 * Puts a file where `findTarget` says. Returns whether the server has it: not where there is no target. Throws what
 * `findTarget` throws, as `Requester.send` does, or the file system's error.
 */
export async function putFile(
  what: string,
  content: UploadContent,
  options: { readonly findTarget: () => Promise<UploadTarget | undefined>; readonly requester: Requester },
): Promise<boolean> {
  const size = 'path' in content ? content.size : content.bytes.length;
  for (let urls = 1; ; urls++) {
    const target = await options.findTarget();
    if (target === undefined) return false;
    try {
      await options.requester.send({
        what,
        method: 'PUT',
        url: target.url,
        // Signed URLs want the length: a stream alone would be sent in chunks of unknown number.
        headers: { ...target.headers, 'content-length': String(size) },
        body: () => (size === 0 ? null : bodyOf(content)),
        withKey: false,
        limitMs: BASE_LIMIT_MS + size / SLOWEST_BYTES_PER_MS,
        maxRetries: MAX_RETRIES,
        answer: 'status',
      });
      return true;
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.status === undefined || urls === MAX_URLS) throw error;
    }
  }
}

function bodyOf(content: UploadContent): NonNullable<RequestInit['body']> {
  if ('bytes' in content) return content.bytes as Uint8Array<ArrayBuffer>;
  return Readable.toWeb(createReadStream(content.path, { end: content.size - 1 })) as ReadableStream;
}

/** A target, from what a server answers: its URL may lack the server, its headers are `Name:value`. */
export function uploadTarget(
  baseUrl: string,
  url: string | null | undefined,
  headers: readonly string[] | null | undefined,
): UploadTarget | undefined {
  if (!url) return undefined;
  const entries = (headers ?? []).map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1)] as const;
  });
  return { url: new URL(url, `${baseUrl}/`).href, headers: Object.fromEntries(entries) };
}
