import { crc32 } from 'node:zlib';
import { BLOCK_BYTES, CHUNK, CHUNK_HEADER_BYTES, LOG_HEADER } from './chunk-writer.js';
import { createRecordAssembler, type LogDamage, type LogPayload } from './record-assembler.js';

export type { LogDamage, LogPayload };

/** Why bytes are no log, or nothing where they begin like one. */
export function headerProblem(log: Uint8Array): string | undefined {
  if (log.length < LOG_HEADER.length)
    return `a W&B log begins with ${LOG_HEADER.length} bytes of header, here are ${log.length}`;
  const wrong = LOG_HEADER.findIndex((byte, at) => log[at] !== byte);
  if (wrong === -1) return undefined;
  if (wrong === 6) return `W&B log version ${log[6]} is not known, only version 0 is`;
  return wrong < 4 ? "a W&B log begins with ':W&B'" : "the W&B log's magic number 0xBEE1 is damaged";
}

/** One chunk, and where it ends in its log. */
export interface Chunk {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly end: number;
}

/**
 * Yields each whole record of a log with a good header. Behind damage, which `onDamage` is told of, it goes on at the next
 * block; records that the damage touches are left out.
 */
export function* readPayloads(log: Uint8Array, onDamage: (damage: LogDamage) => void): Generator<LogPayload> {
  const records = createRecordAssembler(onDamage);
  let at = LOG_HEADER.length;
  while (at < log.length) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < CHUNK_HEADER_BYTES) {
      at += left;
      continue;
    }
    const chunk = readChunk(log, at);
    if (typeof chunk === 'string') {
      records.damaged(at, chunk);
      at += left;
      continue;
    }
    const record = records.add(at, chunk);
    at = chunk.end;
    if (record !== undefined) yield record;
  }
  if (records.openAt !== undefined) records.damaged(records.openAt, CUT_OFF);
}

/** What `readChunk` says of a chunk that the log ends in: a log that grows may have the rest later. */
export const CUT_OFF = 'the last record is cut off';

/** The chunk at `at`, or what is wrong with it; `log` begins at a block's beginning. */
export function readChunk(log: Uint8Array, at: number): Chunk | string {
  const room = BLOCK_BYTES - (at % BLOCK_BYTES);
  if (at + CHUNK_HEADER_BYTES > log.length) return CUT_OFF;
  const length = log[at + 4]! | (log[at + 5]! << 8);
  const type = log[at + 6]!;
  const end = at + CHUNK_HEADER_BYTES + length;
  if (CHUNK_HEADER_BYTES + length > room) return 'a chunk reaches beyond its block';
  if (end > log.length) return CUT_OFF;
  const stored = (log[at]! | (log[at + 1]! << 8) | (log[at + 2]! << 16) | (log[at + 3]! << 24)) >>> 0;
  if (stored !== crc32(log.subarray(at + 6, end))) return 'a checksum does not match';
  if (type < CHUNK.full || type > CHUNK.last) return `chunk type ${type} does not exist`;
  return { type, payload: log.subarray(at + CHUNK_HEADER_BYTES, end), end };
}
