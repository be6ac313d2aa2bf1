import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type LogDamage, type LogPayload, readPayloads } from '../src/log/chunk-reader.js';
import { type LogTail, openLogTail } from '../src/upload/log-tail.js';
import { chunkedLog } from './chunked-log.js';
import { emptyFolder } from './folders.js';

/** Records of lengths from nothing to several blocks, more than one window of them. */
const PAYLOADS = Array.from({ length: 60 }, (_, at) =>
  Buffer.from(
    Uint8Array.from({ length: at % 9 === 8 ? 70_000 : (at * at * 7) % 9000 }, (_, i) => (i * 31 + at * 97) & 0xff),
  ),
);

/** A record by its place and its content's checksum. */
function print({ offset, payload }: LogPayload): string {
  return `${offset}: ${payload.length} ${crc32(payload)}`;
}

async function drain(tail: LogTail): Promise<string[]> {
  const found: string[] = [];
  for (let next = await tail.next(); next !== undefined; next = await tail.next()) {
    found.push(print(next));
  }
  return found;
}

function wholeRecords(log: Uint8Array, onDamage: (damage: LogDamage) => void = () => {}): string[] {
  return [...readPayloads(log, onDamage)].map(print);
}

describe('a log that grows', () => {
  const log = chunkedLog(PAYLOADS);

  const whole = wholeRecords(log);
  const ends = PAYLOADS.map((_, count) => chunkedLog(PAYLOADS.slice(0, count + 1)).length);

  it('gives each record once it is whole, whatever pieces it comes in', async () => {
    expect(log.length).toBeGreaterThan(2 * 8 * 32768);
    for (const piece of [3001, 32768, 300_000, log.length]) {
      const path = join(emptyFolder(), 'run-a.wandb');
      writeFileSync(path, '');
      const damage: LogDamage[] = [];
      const tail = await openLogTail(path, (found) => damage.push(found));
      const found: string[] = [];
      for (let at = 0; at < log.length; at += piece) {
        appendFileSync(path, log.subarray(at, at + piece));
        found.push(...(await drain(tail)));
        expect(found).toEqual(whole.filter((_, index) => (ends[index] ?? 0) <= at + piece));
      }
      expect(found).toEqual(whole);
      expect([damage, tail.rest()]).toEqual([[], undefined]);
      await tail.close();
    }
  });

  it('says what is behind the last record where nothing more comes', async () => {
    const path = join(emptyFolder(), 'run-a.wandb');
    for (const cut of [3, 7, 12, 33_000, log.length - 1]) {
      writeFileSync(path, log.subarray(0, cut));
      const tail = await openLogTail(path, () => {});
      expect((await drain(tail)).length).toBe(cut < 7 ? 0 : wholeRecords(log.subarray(0, cut)).length);
      expect(tail.rest() === undefined).toBe(cut === 7);
      await tail.close();
    }
  });

  it('goes on behind damage as a reader of the whole file does', async () => {
    const path = join(emptyFolder(), 'run-a.wandb');
    for (let at = 20; at < log.length; at += 4999) {
      const damaged = Buffer.from(log);
      damaged[at]! ^= 0x10;
      writeFileSync(path, damaged);
      const expected: LogDamage[] = [];
      const left = wholeRecords(damaged, (found) => expected.push(found));
      const damage: LogDamage[] = [];
      const tail = await openLogTail(path, (found) => damage.push(found));
      expect(await drain(tail)).toEqual(left);
      const rest = tail.rest();
      expect(rest === undefined ? damage : [...damage, rest]).toEqual(expected);
      await tail.close();
    }
  });

  it('refuses another file by name', async () => {
    const path = join(emptyFolder(), 'run-a.wandb');
    writeFileSync(path, 'something else');
    const tail = await openLogTail(path, () => {});
    await expect(tail.next()).rejects.toMatchObject({ code: 'not-a-log', message: expect.stringContaining(path) });
    await tail.close();
  });
});
