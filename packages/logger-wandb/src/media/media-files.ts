import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { placeBytes } from '../files/place-file.js';
import { mediaPath } from './media-path.js';

/** A media file that is on disk. */
export interface MediaFile {
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
  /** Relative to `files/`, with `/` between names. */
  readonly path: string;
}

/** Writes media files below a run's `files/`. */
export interface MediaFiles {
  /** Writes a file whole, once for a path. Throws the file system's error. */
  write(bytes: Uint8Array, name: { readonly folder: string; readonly extension: string } & MediaPlace): MediaFile;
}

/** The value that a media file belongs to. */
export interface MediaPlace {
  readonly key: string;
  readonly step: number;
}

/** `onFile` is told of each file once, when it is whole. */
export function createMediaFiles(filesDir: string, onFile: (path: string) => void): MediaFiles {
  // The digest is in a path: the same path means the same bytes.
  const written = new Set<string>();
  return {
    write(bytes, { folder, extension, key, step }) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const path = mediaPath(folder, key, step, sha256, extension);
      if (!written.has(path)) {
        placeBytes(bytes, join(filesDir, path));
        written.add(path);
        onFile(path);
      }
      return { sha256, size: bytes.length, path };
    },
  };
}
