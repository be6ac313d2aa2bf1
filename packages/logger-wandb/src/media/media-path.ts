import { createHash } from 'node:crypto';

/** Leaves room for step, digest, extension and the name of a temporary file in the 255 bytes that file systems allow. */
const MAX_NAME_BYTES = 160;
const MAX_KEY_BYTES = 1024;
const DIGEST_CHARACTERS = 20;

/** What this system's file names can't hold. */
const UNSAFE = process.platform === 'win32' ? /[<>:"|?*\\\p{Cc}]/gu : /\0/g;

/**
 * Where the Python client keeps a media file, relative to the run's `files/`, with `/` between names:
 * `<folder>/<key>_<step>_<first 20 digits of its SHA-256><extension>`. The slashes of a key make folders; those at its
 * start go, and its `.` and `..` become `_` and `__`. A name in it that is too long is cut and ends in its own digest.
 *
 * Keys that become the same path hold the same bytes there, as their digest is in it.
 */
export function mediaPath(folder: string, key: string, step: number, sha256: string, extension: string): string {
  const id = sha256.slice(0, DIGEST_CHARACTERS);
  return `${folder}/${safeKey(key)}_${step}_${id}${extension}`;
}

function safeKey(key: string): string {
  const short = Buffer.byteLength(key) > MAX_KEY_BYTES ? shortened(key, MAX_NAME_BYTES) : key;
  const names = short.replace(/^\/+/, '').split('/');
  const last = names.pop()!;
  return [...names.filter((name) => name !== ''), last].map(safeName).join('/');
}

function safeName(name: string): string {
  if (name === '.' || name === '..') return name.replaceAll('.', '_');
  const plain = name.replace(UNSAFE, '_');
  return Buffer.byteLength(plain) > MAX_NAME_BYTES ? shortened(plain, MAX_NAME_BYTES) : plain;
}

function shortened(text: string, bytes: number): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, DIGEST_CHARACTERS);
  // A character that the cut splits becomes U+FFFD, which is left out.
  const start = Buffer.from(text).subarray(0, bytes - digest.length - 1);
  return `${start.toString().replace(/\uFFFD+$/, '')}~${digest}`;
}
