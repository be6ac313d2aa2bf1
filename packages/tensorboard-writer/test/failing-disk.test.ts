import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type EventFileError, readEvents, readScalars, SummaryWriter } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

const child = (name: string) => fileURLToPath(new URL(`children/${name}.mjs`, import.meta.url));

afterEach(() => {
  vi.useRealTimers();
});

/** Runs a child whose files take 32 KiB: writes beyond fail with EFBIG, as with ENOSPC on a full disk, inside a record. */
function withSmallDisk(name: string, ...args: string[]): string {
  const script = 'ulimit -S -f 64 && exec "$0" "$@"';
  return spawnSync('sh', ['-c', script, process.execPath, child(name), ...args], { encoding: 'utf8' }).stdout;
}

const jsonLines = (text: string) => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

describe.skipIf(process.platform === 'win32')('a disk that is full', () => {
  const throws = { how: 'thrown', code: 'write-failed', cause: 'EFBIG' };
  const reported = { how: 'reported', code: 'write-failed', cause: 'EFBIG' };
  const dropped = { how: 'reported', code: 'events-dropped', cause: 'write-failed', dropped: expect.any(Number) };

  test.each([
    ['throw', 'close', [throws, { ...throws, how: 'thrown by close' }]],
    ['throw', 'exit', [throws]],
    ['throw', 'kill', [throws]],
    ['onError', 'close', [reported, dropped]],
    ['onError', 'exit', [reported, dropped]],
    ['onError', 'kill', [reported]],
  ])('%s, then %s: it is told, and the file is left whole', async (mode, ending, expected) => {
    const logDir = temporaryFolder();
    const told = jsonLines(withSmallDisk('fill-disk', logDir, ending, mode));
    expect(told).toEqual(expected);
    const { series, files } = await readScalars(logDir);
    expect(files[0]?.stopped.reason).toBe('end');
    const { steps } = series.get('loss')!;
    expect(steps.length).toBeGreaterThan(500);
    expect(steps.every((step, i) => step === i)).toBe(true);
    const lost = told.find(({ code }) => code === 'events-dropped')?.dropped;
    if (lost !== undefined) expect(steps.length + lost).toBe(6000);
  });
});

describe.skipIf(spawnSync('prlimit', ['--version']).error !== undefined)('a disk that has room again', () => {
  test('goes on after the last whole record', async () => {
    const logDir = temporaryFolder();
    const { taken, failures } = JSON.parse(withSmallDisk('disk-recovers', logDir));
    expect(failures).toBeGreaterThan(0);
    const { series, files } = await readScalars(logDir);
    expect(files.map(({ stopped }) => stopped.reason)).toEqual(['end']);
    const steps = new Set(series.get('loss')!.steps);
    expect(taken.filter((step: number) => !steps.has(step))).toEqual([]);
    expect(steps.size).toBe(series.get('loss')!.steps.length);
  });

  test('with onError: nobody throws, and what found no room is counted', async () => {
    const logDir = temporaryFolder();
    const { failures, reports } = JSON.parse(withSmallDisk('disk-recovers', logDir, 'onError'));
    expect(failures).toBe(0);
    const { series, files } = await readScalars(logDir);
    expect(files.map(({ stopped }) => stopped.reason)).toEqual(['end']);
    const { steps } = series.get('loss')!;
    expect(reports).toEqual([{ code: 'write-failed' }, { code: 'events-dropped', dropped: 6000 - steps.length }]);
    // 64 KiB waited.
    expect(reports[1].dropped).toBeGreaterThan(1000);
    expect(steps.length).toBeGreaterThan(2000);
    expect(steps.every((step, i) => i === 0 || step > steps[i - 1]!)).toBe(true);
    expect(steps.at(-1)).toBe(5999);
  });
});

function reportingWriter(logDir: string) {
  const reports: EventFileError[] = [];
  const writer = new SummaryWriter(logDir, { onError: (error) => reports.push(error) });
  const codes = () => reports.map(({ code }) => code);
  return { writer, codes, messages: () => reports.map(({ message }) => message) };
}

const eventsOf = (writer: SummaryWriter) => collect(readEvents(writer.path));

describe('onError and a folder that is deleted', () => {
  test('told once; a new file takes over where the first one did, and holds what comes later', async () => {
    const logDir = join(temporaryFolder(), 'run');
    const { writer, codes } = reportingWriter(logDir);
    writer.addScalar('t', 1, 7);
    writer.flush();
    const first = writer.path;
    rmSync(logDir, { recursive: true });
    for (let step = 8; step < 10; step++) {
      writer.addScalar('t', step, step);
      writer.flush();
    }
    expect(codes()).toEqual(['file-deleted']);
    expect(writer.path > first).toBe(true);
    writer.close();
    expect(readdirSync(logDir)).toHaveLength(1);
    expect(await eventsOf(writer)).toMatchObject([
      { kind: 'file-version' },
      { kind: 'session', status: 'start', step: 7 },
      { kind: 'summary', step: 8 },
      { kind: 'summary', step: 9 },
    ]);
    expect(codes()).toEqual(['file-deleted']);
  });

  test('before the first value, and again', async () => {
    const logDir = join(temporaryFolder(), 'run');
    const { writer, codes } = reportingWriter(logDir);
    for (let step = 1; step <= 3; step++) {
      rmSync(logDir, { recursive: true });
      writer.addScalar('t', step, step);
      writer.flush();
      expect((await eventsOf(writer)).filter(({ kind }) => kind === 'summary')).toMatchObject([{ step }]);
    }
    writer.close();
    expect(codes()).toEqual(['file-deleted', 'file-deleted', 'file-deleted']);
  });

  test('a timer makes it anew where no call comes', () => {
    vi.useFakeTimers();
    const logDir = join(temporaryFolder(), 'run');
    const { writer, codes } = reportingWriter(logDir);
    writer.addScalar('t', 1, 1);
    rmSync(logDir, { recursive: true });
    vi.advanceTimersByTime(250);
    expect(codes()).toEqual(['file-deleted']);
    expect(existsSync(writer.path)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    writer.close();
  });

  test('where it cannot be made anew, that is told too, and tried again until it can', async () => {
    vi.useFakeTimers();
    const logDir = join(temporaryFolder(), 'run');
    const { writer, codes } = reportingWriter(logDir);
    rmSync(logDir, { recursive: true });
    writeFileSync(logDir, 'in the way');
    for (let step = 1; step < 100; step++) {
      writer.addScalar('t', step, step);
      vi.advanceTimersByTime(100);
    }
    writer.flush();
    expect(codes()).toEqual(['file-deleted', 'open-failed']);
    rmSync(logDir);
    vi.advanceTimersByTime(500);
    expect((await eventsOf(writer)).filter(({ kind }) => kind === 'summary')).toHaveLength(99);
    expect(vi.getTimerCount()).toBe(0);
    writer.close();
    expect(codes()).toEqual(['file-deleted', 'open-failed']);
  });

  test('and stays away: close tells what is lost, and throws nothing', () => {
    const logDir = join(temporaryFolder(), 'run');
    const { writer, codes } = reportingWriter(logDir);
    rmSync(logDir, { recursive: true });
    writeFileSync(logDir, 'in the way');
    writer.addScalar('t', 1, 1);
    writer.close();
    expect(codes()).toEqual(['file-deleted', 'open-failed', 'events-dropped']);
    expect(readFileSync(logDir, 'utf8')).toBe('in the way');
  });
});

describe('a file that something else changes', () => {
  const harms: [string, (path: string) => void][] = [
    ['cut inside a record', (path) => truncateSync(path, statSync(path).size - 5)],
    ['emptied', (path) => truncateSync(path, 0)],
    ['grown', (path) => appendFileSync(path, 'abc')],
  ];

  test.each(harms)('%s: told once, and a new file holds what comes later', async (_, harm) => {
    const { writer, codes, messages } = reportingWriter(temporaryFolder());
    writer.addScalar('t', 7, 7);
    writer.flush();
    const first = writer.path;
    const size = statSync(first).size;
    harm(first);
    const harmed = readFileSync(first);
    for (let step = 8; step < 10; step++) {
      writer.addScalar('t', step, step);
      writer.flush();
    }
    writer.close();
    expect(codes()).toEqual(['file-deleted']);
    expect(messages()).toEqual([
      `${first} was changed while it was being written: it has ${harmed.length} bytes instead of ${size}`,
    ]);
    expect(writer.path > first).toBe(true);
    expect(readFileSync(first)).toEqual(harmed);
    expect((await eventsOf(writer)).filter(({ kind }) => kind === 'summary')).toMatchObject([{ step: 8 }, { step: 9 }]);
  });

  test.each(harms)('%s, without onError: nothing more is added to it, and every call says so', (_, harm) => {
    const writer = new SummaryWriter(temporaryFolder());
    writer.addScalar('t', 7, 7);
    writer.flush();
    harm(writer.path);
    const harmed = readFileSync(writer.path);
    const lost = expect.objectContaining({ code: 'file-deleted' });
    const addMore = () => {
      writer.addScalar('t', 8, 8);
      writer.flush();
    };
    expect(addMore).toThrow(lost);
    expect(addMore).toThrow(lost);
    expect(() => writer.flush()).toThrow(lost);
    writer.close();
    expect(readFileSync(writer.path)).toEqual(harmed);
  });
});

test('onError and a curve of addScalars whose folder cannot be made: told, and made when it can', async () => {
  const logDir = temporaryFolder();
  const { writer, codes } = reportingWriter(logDir);
  writeFileSync(join(logDir, 'm_a'), 'in the way');
  writer.addScalars('m', { a: 1, b: 2 }, 1);
  writer.addScalars('m', { a: 3, b: 4 }, 2);
  expect(codes()).toEqual(['open-failed']);
  rmSync(join(logDir, 'm_a'));
  writer.flush();
  for (const [curve, values] of Object.entries({ m_a: [1, 3], m_b: [2, 4] })) {
    const { series } = await readScalars(join(logDir, curve));
    expect([...series.get('m')!.values]).toEqual(values);
  }
  writer.close();
  expect(codes()).toEqual(['open-failed']);
});

test('onError: the constructor throws where there is nothing to lose yet', () => {
  const logDir = join(temporaryFolder(), 'file');
  writeFileSync(logDir, '');
  expect(() => reportingWriter(logDir)).toThrow(expect.objectContaining({ code: 'open-failed' }));
  expect(() => new SummaryWriter(logDir, { onError: 'log' as never })).toThrow(
    new TypeError("onError must be a function, not 'log'"),
  );
});

test('onError: after close methods throw, as misuse does', () => {
  const { writer, codes } = reportingWriter(temporaryFolder());
  expect(() => writer.addScalar('', 1)).toThrow(TypeError);
  writer.close();
  expect(() => writer.addScalar('t', 1)).toThrow(expect.objectContaining({ code: 'closed' }));
  expect(codes()).toEqual([]);
});
