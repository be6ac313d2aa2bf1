import { open } from 'node:fs/promises';
import { LoggerError } from '@microbatch/core/logger';
import { CUT_OFF, headerProblem, type LogDamage, type LogPayload, readChunk } from '../log/chunk-reader.js';
import { BLOCK_BYTES, CHUNK_HEADER_BYTES, LOG_HEADER } from '../log/chunk-writer.js';
import { createRecordAssembler } from '../log/record-assembler.js';

/** Reads a log that may still grow, holding a window of it. */
export interface LogTail {
  /**
   * The next whole record, or nothing where the file has none yet; asked again, it looks at the file again. The bytes are
   * good until the next call. Throws a `LoggerError` (`not-a-log`) for another file's header.
   */
  next(): Promise<LogPayload | undefined>;
  /** Why the bytes behind the last record are no record: nothing where the log ends with it. */
  rest(): LogDamage | undefined;
  /** Where a tail begins that goes on behind what `next` gave, in bytes. */
  readonly offset: number;
  close(): Promise<void>;
}

const WINDOW_BYTES = 8 * BLOCK_BYTES;

/**
 * Opens the log at `path`; behind damage, which `onDamage` is told of, it goes on at the next block. Reads from byte `from` on,
 * where a record begins: 0, or the `offset` of another tail of the same file.
 */
export async function openLogTail(path: string, onDamage: (damage: LogDamage) => void, from = 0): Promise<LogTail> {
  const file = await open(path);
  const buffer = Buffer.alloc(WINDOW_BYTES);
  let windowStart = from - (from % BLOCK_BYTES);
  let filled = 0;
  let at = from - windowStart;
  const records = createRecordAssembler(onDamage);

  /** Returns whether the window holds more than before. */
  async function refill(): Promise<boolean> {
    if (at >= WINDOW_BYTES) {
      windowStart += WINDOW_BYTES;
      at -= WINDOW_BYTES;
      filled = 0;
    }
    const { bytesRead } = await file.read(buffer, filled, WINDOW_BYTES - filled, windowStart + filled);
    filled += bytesRead;
    return bytesRead > 0;
  }

  async function skipHeader(): Promise<boolean> {
    if (windowStart + at > 0) return true;
    while (filled < LOG_HEADER.length) if (!(await refill())) return false;
    const problem = headerProblem(buffer.subarray(0, filled));
    if (problem !== undefined) throw new LoggerError('wandb', 'not-a-log', `${path}: ${problem}`);
    at = LOG_HEADER.length;
    return true;
  }

  /** A whole record in the window, `'more'` where the next chunk is not in it. */
  function scan(): LogPayload | 'more' {
    for (;;) {
      const left = BLOCK_BYTES - (at % BLOCK_BYTES);
      if (left < CHUNK_HEADER_BYTES) {
        at += left;
        continue;
      }
      const chunk = readChunk(buffer.subarray(0, filled), at);
      if (chunk === CUT_OFF || at >= WINDOW_BYTES) return 'more';
      const offset = windowStart + at;
      if (typeof chunk === 'string') {
        records.damaged(offset, chunk);
        at += left;
        continue;
      }
      at = chunk.end;
      const record = records.add(offset, chunk);
      if (record !== undefined) return record;
    }
  }

  return {
    async next() {
      if (!(await skipHeader())) return undefined;
      for (;;) {
        const found = scan();
        if (found !== 'more') return found;
        if (!(await refill())) return undefined;
      }
    },
    rest() {
      if (windowStart + filled < LOG_HEADER.length) {
        return { offset: 0, reason: headerProblem(buffer.subarray(0, filled)) ?? CUT_OFF };
      }
      if (records.openAt !== undefined) return { offset: records.openAt, reason: CUT_OFF };
      return at < filled ? { offset: windowStart + at, reason: CUT_OFF } : undefined;
    },
    get offset() {
      return records.openAt ?? windowStart + at;
    },
    close: () => file.close(),
  };
}
