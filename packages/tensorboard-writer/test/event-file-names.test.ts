import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { nextEventFileName } from '../src/event-file-names.js';
import { findRuns, readEvents, readScalars, SummaryWriter } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

test('a name has the parts that TensorBoard tools expect, its counters padded', () => {
  expect(nextEventFileName([], 1_700_000_000_999)).toMatch(
    /^events\.out\.tfevents\.1700000000\.[\w.-]+\.\d{10}\.\d{6}$/,
  );
});

test('names sort in the order in which the files began, whatever the clock does', () => {
  const names: string[] = [];
  for (const nowMs of [5000, 5000, 5999, 4000, 0, 9000, 9000]) names.push(nextEventFileName(names, nowMs));
  expect([...names].sort()).toEqual(names);
});

test("other programs' files do not unsettle the order", () => {
  const later = 'events.out.tfevents.1700000009.host.9.0';
  expect(nextEventFileName([later], 1_700_000_000_000) > later).toBe(true);
  expect(nextEventFileName(['zzz.tfevents'], 1_700_000_000_000)).toContain('.1700000000.');
  expect(nextEventFileName(['events.out.tfevents.9999999999.x'], 1_700_000_000_000)).toContain('.1700000000.');
});

test('a restart opens a new file and leaves the old one as it was', async () => {
  const logDir = temporaryFolder();
  for (const [first, last] of [
    [0, 5],
    [3, 8],
  ] as const) {
    using writer = new SummaryWriter(logDir);
    for (let step = first; step < last; step++) writer.addScalar('loss', first, step);
  }
  expect(readdirSync(logDir)).toHaveLength(2);
  const { series, files } = await readScalars(logDir);
  expect(files.map(({ stopped }) => stopped.reason)).toEqual(['end', 'end']);
  expect([...(series.get('loss')?.steps ?? [])]).toEqual([0, 1, 2, 3, 4, 3, 4, 5, 6, 7]);
});

test('two writers of one folder never share a file', () => {
  const logDir = temporaryFolder();
  using a = new SummaryWriter(logDir);
  using b = new SummaryWriter(logDir);
  expect(a.path).not.toBe(b.path);
});

test('threads, with one process id and counters of their own, never share a file', async () => {
  const logDir = temporaryFolder();
  const url = new URL('children/make-writers.mjs', import.meta.url);
  const workerData = { logDir, arrivals: new Int32Array(new SharedArrayBuffer(4)), workers: 2 };
  const workers = [new Worker(url, { workerData }), new Worker(url, { workerData })];
  const paths = (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat(2);
  expect(new Set(paths).size).toBe(200);
  const { series, files } = await readScalars(logDir);
  expect(files).toHaveLength(200);
  expect(series.get('t')?.steps).toHaveLength(200);
});

test('a folder is read as one run: its own event files, no folders, no other files', async () => {
  const logDir = temporaryFolder();
  mkdirSync(join(logDir, 'tfevents-backup'));
  writeFileSync(join(logDir, 'notes.txt'), 'hello');
  const writer = new SummaryWriter(logDir);
  writer.close();
  expect((await readScalars(logDir)).files.map(({ path }) => path)).toEqual([writer.path]);
});

describe.skipIf(process.platform === 'win32')('what has the name of an event file and is none', () => {
  test('is passed over in a folder; links to files are read', async () => {
    const logDir = temporaryFolder();
    const elsewhere = temporaryFolder();
    const writers = [new SummaryWriter(logDir), new SummaryWriter(elsewhere)];
    for (const writer of writers) writer.close();
    symlinkSync(join(logDir, 'nowhere'), join(logDir, 'a.tfevents.dangling'));
    symlinkSync('b.tfevents.self', join(logDir, 'b.tfevents.self'));
    symlinkSync(elsewhere, join(logDir, 'c.tfevents.folder'));
    symlinkSync(writers[1]!.path, join(logDir, 'z.tfevents.file'));
    spawnSync('mkfifo', [join(logDir, 'd.tfevents.pipe')]);
    const paths = [writers[0]!.path, join(logDir, 'z.tfevents.file')];
    expect((await readScalars(logDir)).files.map(({ path }) => path)).toEqual(paths);
    new SummaryWriter(logDir).close();
  });

  test('makes no run', async () => {
    const logDir = temporaryFolder();
    spawnSync('mkfifo', [join(logDir, 'd.tfevents.pipe')]);
    expect(await findRuns(logDir)).toEqual([]);
  });

  test('is refused by its own path', async () => {
    const path = join(temporaryFolder(), 'd.tfevents.pipe');
    spawnSync('mkfifo', [path]);
    const error = { code: 'read-failed', message: `${path} is no regular file` };
    await expect(collect(readEvents(path))).rejects.toMatchObject(error);
    await expect(readScalars(path)).rejects.toMatchObject(error);
  });
});
