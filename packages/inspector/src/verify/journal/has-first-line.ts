import { open } from 'node:fs/promises';

/** A journal's first line is far shorter. */
const MOST_HEADER_BYTES = 64 * 1024;

/**
 * Whether a file has, near its beginning, the end of a line or of itself: what has neither is no journal, and might be gigabytes
 * that a reader of lines would wait for. Rejects with the file system's error.
 */
export async function hasFirstLine(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_HEADER_BYTES), 0, MOST_HEADER_BYTES, 0);
    return bytesRead < MOST_HEADER_BYTES || buffer.includes(10);
  } finally {
    await file.close();
  }
}
