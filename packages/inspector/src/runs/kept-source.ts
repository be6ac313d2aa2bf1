import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSource } from './run-source.js';

/** What a source may take that its run has a better one of, in bytes, without being asked for. */
const MOST_UNASKED_BYTES = 64 * 1024 * 1024;

/** A source that is read again and again, and made anew where its files are others. */
export interface KeptSource {
  readonly source: RunSource;
  /** Whether it was read to its end once. */
  readonly isRead: boolean;
  readonly isReading: boolean;
  /** Whether it is not read until somebody asks for it. */
  readonly isWaiting: boolean;
  /** Reads what is new; says whether anything was. A call while another goes on gets that one's answer. */
  advance(): Promise<boolean>;
  /** Reads it now, and from now on. */
  ask(): Promise<boolean>;
}

/** `isBest`: its run has no better one, so that it is read in any case. */
export function keepSource(make: () => RunSource, isBest: boolean): KeptSource {
  let source = make();
  let isRead = false;
  let isAsked = isBest;
  let isWaiting = false;
  let reading: Promise<boolean> | undefined;

  async function readOnce(): Promise<boolean> {
    isWaiting = !isAsked && !isRead && (await bytesOf(source.paths)) > MOST_UNASKED_BYTES;
    if (isWaiting) return false;
    const result = await source.advance();
    if (result === 'replaced') {
      source = make();
      await source.advance();
    }
    const isNews = result !== 'same' || !isRead;
    isRead = true;
    return isNews;
  }

  function advance(): Promise<boolean> {
    reading ??= readOnce().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  return {
    get source() {
      return source;
    },
    get isRead() {
      return isRead;
    },
    get isReading() {
      return reading !== undefined && !isRead && !isWaiting;
    },
    get isWaiting() {
      return isWaiting;
    },
    advance,
    async ask() {
      isAsked = true;
      if (isRead) return false;
      await reading;
      return advance();
    },
  };
}

/** Of files, and of the event files in folders. */
async function bytesOf(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isDirectory()) {
      const names = await readdir(path).catch(() => []);
      bytes += await bytesOf(names.filter((name) => name.includes('tfevents')).map((name) => join(path, name)));
    } else {
      bytes += stats?.size ?? 0;
    }
  }
  return bytes;
}
