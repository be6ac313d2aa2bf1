import { existsSync, rmSync, statSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { createEventFile } from '../src/event-file.js';
import { EventFileError, SummaryWriter } from '../src/index.js';
import { RecordFile } from '../src/record-file.js';
import { temporaryFolder } from './temporary-folder.js';

const BUFFER_BYTES = 64 * 1024;

afterEach(() => {
  vi.useRealTimers();
});

function fileAt(startMs: number) {
  const clock = { ms: startMs };
  const file = createEventFile(temporaryFolder(), { now: () => clock.ms });
  const onDisk = () => statSync(file.path).size;
  return { clock, file, onDisk };
}

test('a file is an event file from the start', () => {
  const { file, onDisk } = fileAt(0);
  expect(onDisk()).toBe(40);
  file.close();
});

test('a call writes through once the last write is 250 ms old, and buffers before', () => {
  const { clock, file, onDisk } = fileAt(1000);
  const empty = onDisk();
  file.scalar('t', 1, 1, 1);
  clock.ms = 1249;
  file.scalar('t', 1, 2, 1);
  expect(onDisk()).toBe(empty);
  clock.ms = 1250;
  file.scalar('t', 1, 3, 1);
  const all = onDisk();
  file.close();
  expect(onDisk()).toBe(all);
  expect(all).toBeGreaterThan(empty);
});

test('a clock that goes back does not stop the writing', () => {
  const { clock, file, onDisk } = fileAt(1_000_000);
  const empty = onDisk();
  clock.ms = 10;
  file.scalar('t', 1, 1, 1);
  expect(onDisk()).toBeGreaterThan(empty);
  file.close();
});

test('while the clock stands, no more than 64 KiB wait', () => {
  const { file, onDisk } = fileAt(0);
  let added = onDisk() + 32;
  for (let step = 1000; step < 10_000; step++) {
    file.scalar('tag', step, step, 1);
    added += 42;
    expect(added - onDisk()).toBeLessThanOrEqual(BUFFER_BYTES);
  }
  file.close();
  expect(onDisk()).toBe(added);
});

test('a timer writes what calls left, each time, and then rests', () => {
  vi.useFakeTimers();
  using writer = new SummaryWriter(temporaryFolder());
  const size = () => statSync(writer.path).size;
  for (let step = 1; step <= 3; step++) {
    const before = size();
    writer.addScalar('t', 1, step);
    expect(size()).toBe(before);
    vi.advanceTimersByTime(250);
    expect(size()).toBeGreaterThan(before);
    expect(vi.getTimerCount()).toBe(0);
  }
});

test('close leaves no timer and no exit listener behind', () => {
  vi.useFakeTimers();
  const listeners = process.listenerCount('exit');
  const writer = new SummaryWriter(temporaryFolder());
  writer.addScalar('t', 1, 1);
  expect(process.listenerCount('exit')).toBe(listeners + 1);
  writer.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(process.listenerCount('exit')).toBe(listeners);
});

test('a record larger than the buffer goes through whole', () => {
  const records = new RecordFile(temporaryFolder());
  for (const length of [10, 3 * BUFFER_BYTES, 10]) {
    const start = records.begin(length);
    records.bytes.fill(7, start, start + length);
    records.commit(Date.now());
  }
  records.close();
  expect(statSync(records.path).size).toBe(10 + 3 * BUFFER_BYTES + 10 + 3 * 16);
});

test('a folder deleted in mid-run: an error with a code, at once and from then on; close is quiet', () => {
  vi.useFakeTimers();
  const logDir = temporaryFolder();
  const writer = new SummaryWriter(logDir);
  writer.addScalar('t', 1, 1);
  rmSync(logDir, { recursive: true });
  vi.advanceTimersByTime(300);
  const add = () => writer.addScalar('t', 1, 2);
  expect(add).toThrow(EventFileError);
  expect(add).toThrow(expect.objectContaining({ code: 'file-deleted', path: writer.path }));
  expect(() => writer.flush()).toThrow(expect.objectContaining({ code: 'file-deleted' }));
  writer.close();
  expect(existsSync(logDir)).toBe(false);
});

test('a folder deleted before close: close says so, once, and lets the file go', () => {
  const logDir = temporaryFolder();
  const listeners = process.listenerCount('exit');
  const writer = new SummaryWriter(logDir);
  writer.addScalar('t', 1, 1);
  rmSync(logDir, { recursive: true });
  expect(() => writer.close()).toThrow(expect.objectContaining({ code: 'file-deleted' }));
  writer.close();
  expect(process.listenerCount('exit')).toBe(listeners);
});
