import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { followWandbLog, peekWandbRun, readWandbLog, readWandbRun, type WandbRecord, wandbSink } from '../src/index.js';
import { emptyFolder, logPath, runFolders } from './folders.js';

function writtenLog(): string {
  const dir = emptyFolder();
  const sink = wandbSink({ quiet: true, dir });
  const events = sampleRun({ microBatches: 40, values: { odd: Number.NaN, note: 'größer' } });
  sink.open((events[0] as { run: Parameters<typeof sink.open>[0] }).run);
  sink.write(events);
  sink.close('finished');
  return logPath(runFolders(dir)[0]!);
}

function collect(path: string) {
  const rows: { readonly offset: number; readonly values: Record<string, unknown> }[] = [];
  const records: WandbRecord[] = [];
  const damage: string[] = [];
  const follower = followWandbLog<string>(path, {
    column: (names) => names.join('.'),
    row({ length, columns, texts, numbers }, offset) {
      const values: Record<string, unknown> = {};
      for (let i = 0; i < length; i++)
        values[columns[i]!] = texts[i] === undefined ? numbers[i] : JSON.parse(texts[i]!);
      rows.push({ offset, values });
    },
    record: (record) => records.push(record),
    damage: ({ reason }) => damage.push(reason),
  });
  return { follower, rows, records, damage };
}

describe('followWandbLog', () => {
  it('tells of each record once, whatever pieces the log grows by', async () => {
    const log = writtenLog();
    const bytes = readFileSync(log);
    const { history } = readWandbRun(log);
    const types = readWandbLog(log)
      .records.map(({ type }) => type)
      .filter((type) => type !== 'history');
    for (const piece of [97, 4096, bytes.length]) {
      const path = join(emptyFolder(), 'run-a.wandb');
      writeFileSync(path, '');
      const { follower, rows, records, damage } = collect(path);
      for (let at = 0; at < bytes.length; at += piece) {
        appendFileSync(path, bytes.subarray(at, at + piece));
        await follower.read();
      }
      expect(await follower.read()).toBeUndefined();
      expect(rows.map(({ values }) => values)).toEqual(history);
      expect(records.map(({ type }) => type)).toEqual(types);
      expect(damage).toEqual([]);
    }
  });

  it('reads a record again from its place', async () => {
    const path = writtenLog();
    const { follower, rows } = collect(path);
    await follower.read();
    const { offset } = rows[3]!;
    expect(await follower.record(offset)).toEqual(
      readWandbLog(path).records.find((record) => record.offset === offset),
    );
    await expect(follower.record(offset + 1)).rejects.toMatchObject({ code: 'not-a-record' });
  });

  it('says what can not be read, and goes on behind it', async () => {
    const path = writtenLog();
    const bytes = readFileSync(path);
    const { follower, rows, damage } = collect(path);
    writeFileSync(path, bytes.subarray(0, -3));
    expect(await follower.read()).toMatchObject({ reason: expect.stringContaining('cut off') });
    const count = rows.length;
    expect(count).toBeGreaterThan(3);
    bytes[rows[1]!.offset + 20]! ^= 1;
    writeFileSync(path, bytes);
    const again = collect(path);
    await again.follower.read();
    expect(again.rows.length).toBe(1);
    expect([damage, again.damage]).toEqual([[], [expect.stringContaining('checksum')]]);
  });

  it('says who a run is as soon as that is written', async () => {
    const path = writtenLog();
    expect(await peekWandbRun(path)).toEqual(readWandbRun(path).run);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, 60));
    expect(await peekWandbRun(path)).toBeUndefined();
  });

  it('refuses what is no log, and what is no path', async () => {
    const path = join(emptyFolder(), 'run-a.wandb');
    writeFileSync(path, 'something else');
    await expect(collect(path).follower.read()).rejects.toMatchObject({ code: 'not-a-log' });
    await expect(peekWandbRun(path)).rejects.toMatchObject({ code: 'not-a-log' });
    await expect(collect(`${path}x`).follower.read()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => collect('')).toThrow(TypeError);
  });
});
