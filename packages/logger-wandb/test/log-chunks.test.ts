import { describe, expect, it } from 'vitest';
import { headerProblem, type LogDamage, readPayloads } from '../src/log/chunk-reader.js';
import { BLOCK_BYTES, CHUNK_HEADER_BYTES, LOG_HEADER } from '../src/log/chunk-writer.js';
import { chunkedLog } from './chunked-log.js';

function read(log: Uint8Array): { payloads: Buffer[]; damage: LogDamage[] } {
  const damage: LogDamage[] = [];
  const payloads = [...readPayloads(log, (found) => damage.push(found))].map(({ payload }) => Buffer.from(payload));
  return { payloads, damage };
}

/** Different bytes for each record, so that no part of one passes for a part of another. */
function payload(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 97 + (i >> 8)) & 0xff));
}

describe('chunks', () => {
  it('has the bytes of the format: file header, crc32 of type and payload, length, type, payload', () => {
    const log = chunkedLog([Buffer.from('abc')]);
    // crc32('\x01abc'), as Python's zlib has it.
    expect(log.toString('hex')).toBe(`3a572642e1be00${'a9209d53'}0300${'01'}616263`);
  });

  it('crosses block ends with records of every length around a whole block', () => {
    for (let length = BLOCK_BYTES - 40; length < BLOCK_BYTES + 20; length++) {
      const payloads = [
        payload(length, 1),
        payload(5, 2),
        payload(2 * BLOCK_BYTES + 3, 3),
        payload(0, 4),
        payload(9, 5),
      ];
      const { payloads: whole, damage } = read(chunkedLog(payloads));
      expect(damage).toEqual([]);
      expect(Buffer.concat(whole).equals(Buffer.concat(payloads))).toBe(true);
      expect(whole.map((bytes) => bytes.length)).toEqual(payloads.map((bytes) => bytes.length));
    }
  });

  it('pads a block that has 6 bytes left, and begins a record in exactly 7', () => {
    const upTo = (left: number) => BLOCK_BYTES - LOG_HEADER.length - CHUNK_HEADER_BYTES - left;
    const padded = chunkedLog([payload(upTo(6), 1), payload(20, 2)]);
    expect(padded.subarray(BLOCK_BYTES - 6, BLOCK_BYTES).every((byte) => byte === 0)).toBe(true);
    expect(padded[BLOCK_BYTES + 6]).toBe(1);
    const split = chunkedLog([payload(upTo(7), 1), payload(20, 2)]);
    const [length, type] = [split.readUInt16LE(BLOCK_BYTES - 3), split[BLOCK_BYTES - 1]];
    expect([length, type]).toEqual([0, 2]);
    expect(split[BLOCK_BYTES + 6]).toBe(4);
    expect(read(split).payloads).toEqual([payload(upTo(7), 1), payload(20, 2)]);
  });

  it('splits a record over three blocks as first, middle, last', () => {
    const log = chunkedLog([payload(2 * BLOCK_BYTES, 1)]);
    expect([log[13], log[BLOCK_BYTES + 6], log[2 * BLOCK_BYTES + 6]]).toEqual([2, 3, 4]);
  });

  it('gives the whole records before any cut, and says where it stops', () => {
    const payloads = [payload(100, 1), payload(BLOCK_BYTES, 2), payload(30, 3), payload(40, 4)];
    const log = chunkedLog(payloads);
    const ends = payloads.map((_, count) => chunkedLog(payloads.slice(0, count + 1)).length);
    // Every cut near an end of a record or a block, and some between.
    const cuts = Array.from({ length: log.length + 1 }, (_, cut) => cut).filter(
      (cut) => cut < 300 || cut % 997 === 0 || cut > BLOCK_BYTES - 50,
    );
    for (const cut of cuts) {
      if (headerProblem(log.subarray(0, cut)) !== undefined) {
        expect(cut).toBeLessThan(LOG_HEADER.length);
        continue;
      }
      const { payloads: whole, damage } = read(log.subarray(0, cut));
      const count = ends.filter((end) => end <= cut).length;
      expect(whole).toHaveLength(count);
      expect(whole.every((bytes, i) => payloads[i]!.equals(bytes))).toBe(true);
      const clean = cut === LOG_HEADER.length || ends.includes(cut);
      expect(damage.map(({ reason }) => reason)).toEqual(clean ? [] : ['the last record is cut off']);
      if (!clean) expect(damage[0]!.offset).toBe(ends[count - 1] ?? LOG_HEADER.length);
    }
  });

  it('goes on at the next block behind a flipped bit, and never gives a wrong record', () => {
    const payloads = Array.from({ length: 40 }, (_, i) => payload(2000, i));
    const log = chunkedLog(payloads);
    const ends = payloads.map((_, count) => chunkedLog(payloads.slice(0, count + 1)).length);
    const texts = payloads.map((bytes) => bytes.toString('hex'));
    for (let bit = 8 * LOG_HEADER.length; bit < 8 * log.length; bit += 1201) {
      const damaged = Buffer.from(log);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const { payloads: whole, damage } = read(damaged);
      const nextBlock = (Math.floor(bit / 8 / BLOCK_BYTES) + 1) * BLOCK_BYTES;
      const expected = texts.filter((_, i) => ends[i]! <= bit >> 3 || (ends[i - 1] ?? 0) >= nextBlock);
      expect(whole.map((bytes) => bytes.toString('hex'))).toEqual(expected);
      expect(damage).toHaveLength(1);
    }
  });

  it('refuses a damaged header by name', () => {
    const log = chunkedLog([]);
    const flipped = (at: number) => headerProblem(log.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    expect(headerProblem(log)).toBeUndefined();
    expect(flipped(0)).toContain(':W&B');
    expect(flipped(4)).toContain('0xBEE1');
    expect(flipped(6)).toContain('version 1');
    expect(headerProblem(log.subarray(0, 3))).toContain('7 bytes');
  });
});
