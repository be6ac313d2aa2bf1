import { crc32 } from 'node:zlib';

/** The first bytes of a log: ":W&B", 0xBEE1 little-endian, version 0. They count into the first block. */
export const LOG_HEADER: Uint8Array = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00);

/** No chunk crosses a multiple of this. */
export const BLOCK_BYTES = 32768;

export const CHUNK_HEADER_BYTES = 7;

/** What part of its record a chunk holds. */
export const CHUNK = { full: 1, first: 2, middle: 3, last: 4 } as const;

const PADDING = new Uint8Array(CHUNK_HEADER_BYTES);

/**
 * Frames records as chunks of a LevelDB log and hands their bytes to `put`, beginning with the file's header.
 * The record is `bytes[start..end)`; the bytes before it are overwritten, so `start` is at least `CHUNK_HEADER_BYTES`.
 */
export function createChunkWriter(
  put: (bytes: Uint8Array) => void,
): (bytes: Uint8Array, start: number, end: number) => void {
  put(LOG_HEADER);
  let blockOffset = LOG_HEADER.length;
  return function append(bytes, start, end) {
    let from = start;
    let begun = false;
    let last = false;
    while (!last) {
      let room = BLOCK_BYTES - blockOffset;
      if (room < CHUNK_HEADER_BYTES) {
        put(PADDING.subarray(0, room));
        blockOffset = 0;
        room = BLOCK_BYTES;
      }
      const length = Math.min(end - from, room - CHUNK_HEADER_BYTES);
      last = from + length === end;
      const type = begun ? (last ? CHUNK.last : CHUNK.middle) : last ? CHUNK.full : CHUNK.first;
      begun = true;
      // crc32 u32 LE over type and payload, length u16 LE, type u8, payload. The bytes before a later chunk's payload
      // are the end of the one before it, which `put` has taken.
      bytes[from - 1] = type;
      const crc = crc32(bytes.subarray(from - 1, from + length));
      bytes[from - 7] = crc;
      bytes[from - 6] = crc >>> 8;
      bytes[from - 5] = crc >>> 16;
      bytes[from - 4] = crc >>> 24;
      bytes[from - 3] = length;
      bytes[from - 2] = length >>> 8;
      put(bytes.subarray(from - CHUNK_HEADER_BYTES, from + length));
      blockOffset = (blockOffset + CHUNK_HEADER_BYTES + length) % BLOCK_BYTES;
      from += length;
    }
  };
}
