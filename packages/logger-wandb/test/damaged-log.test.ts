import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWandbLog, startRun } from '../src/index.js';
import { BLOCK_BYTES, LOG_HEADER } from '../src/log/chunk-writer.js';
import { emptyFolder, logPath } from './folders.js';

/** The bytes of a real run's log, with every kind of record that a run without files writes. */
async function logOf(rows: number): Promise<Buffer> {
  const run = await startRun({
    dir: emptyFolder(),
    quiet: true,
    saveGit: false,
    config: { lr: 0.1, nested: { a: [1] } },
  });
  run.defineMetric('loss', { summary: 'min' });
  for (let row = 0; row < rows; row++) run.log({ loss: 1 / (row + 1), text: `row ${row} größer`, deep: { er: row } });
  await run.finish();
  return readFileSync(logPath(run.path));
}

/** What reading a damaged copy gives: each whole record's text, and where damage was found. */
function createReader(log: Buffer) {
  const path = join(emptyFolder(), 'damaged.wandb');
  function read(bytes: Uint8Array): { texts: string[]; damage: readonly unknown[] } {
    writeFileSync(path, bytes);
    const { records, damage } = readWandbLog(path);
    return { texts: records.map((record) => JSON.stringify(record)), damage };
  }
  const { texts } = read(log);
  const offsets = texts.map((text) => (JSON.parse(text) as { offset: number }).offset);
  /** Where each record ends: where the next one begins, but for padding. */
  const ends = [...offsets.slice(1), log.length];
  return { read, texts, offsets, ends };
}

describe('a log of one block', () => {
  it('cut at any byte has all whole records before the cut, and no other', async () => {
    const log = await logOf(4);
    expect(log.length).toBeLessThan(BLOCK_BYTES);
    const { read, texts, ends } = createReader(log);
    for (let cut = LOG_HEADER.length; cut <= log.length; cut++) {
      const whole = ends.filter((end) => end <= cut).length;
      const found = read(log.subarray(0, cut));
      expect(found.texts, `cut at ${cut}`).toEqual(texts.slice(0, whole));
      const isClean = cut === LOG_HEADER.length || ends.includes(cut);
      expect(found.damage, `cut at ${cut}`).toHaveLength(isClean ? 0 : 1);
    }
  });

  it('cut in its header is refused by name', async () => {
    const log = await logOf(1);
    const { read } = createReader(log);
    for (let cut = 0; cut < LOG_HEADER.length; cut++) {
      expect(() => read(log.subarray(0, cut))).toThrow(expect.objectContaining({ code: 'not-a-log' }));
    }
  });

  it('with any bit flipped has the whole records before the damage, and never a wrong one', async () => {
    const log = await logOf(2);
    const { read, texts, ends } = createReader(log);
    for (let bit = 0; bit < 8 * log.length; bit++) {
      const damaged = Buffer.from(log);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      if (bit >> 3 < LOG_HEADER.length) {
        expect(() => read(damaged), `bit ${bit}`).toThrow(expect.objectContaining({ code: 'not-a-log' }));
        continue;
      }
      const before = ends.filter((end) => end <= bit >> 3).length;
      const found = read(damaged);
      expect(found.texts, `bit ${bit}`).toEqual(texts.slice(0, before));
      expect(found.damage, `bit ${bit}`).toHaveLength(1);
    }
  });
});

describe('a log of several blocks', () => {
  it('with a bit flipped is whole from the next block on', async () => {
    const log = await logOf(700);
    const { read, texts, offsets, ends } = createReader(log);
    expect(log.length).toBeGreaterThan(2 * BLOCK_BYTES);
    const isNearBlock = (byte: number) => byte % BLOCK_BYTES < 8 || byte % BLOCK_BYTES >= BLOCK_BYTES - 8;
    for (let bit = 8 * LOG_HEADER.length; bit < 8 * log.length; bit++) {
      const byte = bit >> 3;
      if (isNearBlock(byte) ? bit % 7 !== 0 : bit % 9973 !== 0) continue;
      const damaged = Buffer.from(log);
      damaged[byte]! ^= 1 << (bit & 7);
      const nextBlock = (Math.floor(byte / BLOCK_BYTES) + 1) * BLOCK_BYTES;
      const expected = texts.filter((_, at) => ends[at]! <= byte || offsets[at]! >= nextBlock);
      // Zeros that fill a block up say nothing: a reader need not look at them.
      expect(
        [expected, texts].map((one) => one.join('\n')),
        `bit ${bit}`,
      ).toContain(read(damaged).texts.join('\n'));
      if (!isNearBlock(byte)) expect(read(damaged).texts, `bit ${bit}`).toEqual(expected);
    }
  });
});
