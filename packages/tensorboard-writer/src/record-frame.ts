import { maskedCrc32c } from './crc32c.js';

/** FORMAT of a TFRecord: length:u64, crc(length):u32, data, crc(data):u32; little endian, CRC-32C, masked. */
export const HEADER_BYTES = 12;
export const FRAME_BYTES = 16;

/** Records that hold `datas`, one after the other. */
export function frameRecords(...datas: readonly Uint8Array[]): Uint8Array {
  const length = datas.reduce((sum, data) => sum + data.length + FRAME_BYTES, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const data of datas) {
    const start = at + HEADER_BYTES;
    view.setUint32(at, data.length, true);
    view.setUint32(at + 8, maskedCrc32c(bytes, at, at + 8), true);
    bytes.set(data, start);
    at = start + data.length;
    view.setUint32(at, maskedCrc32c(data), true);
    at += 4;
  }
  return bytes;
}

/** How many whole records `bytes[0, end)` holds, the first at 0, and where the last of them ends. */
export function wholeRecords(bytes: Uint8Array, end: number): { readonly count: number; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let count = 0;
  while (at < end) {
    const next = at + FRAME_BYTES + view.getUint32(at, true);
    if (next > end) break;
    at = next;
    count++;
  }
  return { count, end: at };
}
