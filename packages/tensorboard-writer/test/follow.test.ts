import { getEventListeners } from 'node:events';
import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createEventFile } from '../src/event-file.js';
import { watchFile } from '../src/file-changes.js';
import { type EventReader, type FileEvent, readEvents } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

afterEach(() => {
  vi.useRealTimers();
});

/** A file's bytes, record by record. */
async function records(count: number): Promise<Buffer[]> {
  const file = createEventFile(temporaryFolder(), { now: () => 0 });
  for (let step = 0; step < count; step++) file.scalar('t', step, step, 1);
  file.close();
  const whole = await readFile(file.path);
  const parts: Buffer[] = [];
  for (let at = 0, length = 0; at < whole.length; at += length) {
    length = 16 + whole.readUInt32LE(at);
    parts.push(whole.subarray(at, at + length));
  }
  return parts;
}

function followed(path: string) {
  const abort = new AbortController();
  const reader: EventReader = readEvents(path, { follow: true, signal: abort.signal });
  const events = reader[Symbol.asyncIterator]();
  const next = async () => (await events.next()).value as FileEvent | undefined;
  return { abort, reader, next };
}

test('a file that grows, by whole records and by torn ones, is read as it grows', async () => {
  const parts = await records(20);
  const path = join(temporaryFolder(), 'x.tfevents');
  writeFileSync(path, '');
  const { abort, reader, next } = followed(path);
  for (const [i, part] of parts.entries()) {
    const event = next();
    // Each in one piece more than the one before.
    const pieces = 1 + (i % 5);
    for (let piece = 0; piece < pieces; piece++) {
      appendFileSync(path, part.subarray((part.length * piece) / pieces, (part.length * (piece + 1)) / pieces));
      // Lets the reader see the torn record.
      await readFile(path);
    }
    expect((await event)?.kind).toBe(i === 0 ? 'file-version' : i === 1 ? 'session' : 'summary');
  }
  const last = next();
  abort.abort();
  expect(await last).toBeUndefined();
  expect(reader.stopped).toEqual({ reason: 'aborted', offset: Buffer.concat(parts).length });
});

test('a writer at work is followed to its last value', async () => {
  const file = createEventFile(temporaryFolder());
  const { abort, next } = followed(file.path);
  await next();
  for (let step = 1; step < 30; step++) {
    file.scalar('t', step, step, 1);
    file.flush();
    if (step === 1) expect((await next())?.kind).toBe('session');
    expect(await next()).toMatchObject({ kind: 'summary', step });
  }
  file.close();
  abort.abort();
  expect(await next()).toBeUndefined();
});

test('a torn record that its writer cut back and replaced is read anew', async () => {
  const [version, start, ...values] = await records(3);
  const path = join(temporaryFolder(), 'x.tfevents');
  writeFileSync(path, Buffer.concat([version!, start!, values[0]!.subarray(0, 20)]));
  const { abort, next } = followed(path);
  await next();
  await next();
  const value = next();
  await readFile(path);
  truncateSync(path, version!.length + start!.length);
  appendFileSync(path, values[2]!);
  expect(await value).toMatchObject({ step: 2 });
  abort.abort();
});

test.each([
  [
    'damage',
    'data-crc',
    (path: string, part: Buffer) =>
      appendFileSync(
        path,
        part.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
      ),
  ],
  ['a file that loses what was read', 'truncated', (path: string) => truncateSync(path, 10)],
  ['a file that is deleted', 'deleted', (path: string) => rmSync(path)],
] as const)('%s ends the following, and says so', async (_, reason, harm) => {
  const parts = await records(2);
  const path = join(temporaryFolder(), 'x.tfevents');
  const sound = Buffer.concat(parts.slice(0, 3));
  writeFileSync(path, sound);
  const { reader, next } = followed(path);
  for (let i = 0; i < 3; i++) expect(await next()).toBeDefined();
  const end = next();
  harm(path, parts[3]!);
  expect(await end).toBeUndefined();
  expect(reader.stopped).toEqual({ reason, offset: sound.length });
});

test('a signal that was aborted before ends at once, also without follow', async () => {
  const parts = await records(2);
  const path = join(temporaryFolder(), 'x.tfevents');
  writeFileSync(path, Buffer.concat(parts));
  for (const follow of [false, true]) {
    const reader = readEvents(path, { follow, signal: AbortSignal.abort() });
    for await (const event of reader) expect(event).toBeUndefined();
    expect(reader.stopped).toEqual({ reason: 'aborted', offset: 0 });
  }
});

test('an iteration left early lets the file and its signal go', async () => {
  const parts = await records(2);
  const path = join(temporaryFolder(), 'x.tfevents');
  writeFileSync(path, Buffer.concat(parts));
  const abort = new AbortController();
  for await (const event of readEvents(path, { follow: true, signal: abort.signal })) {
    expect(event.kind).toBe('file-version');
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    break;
  }
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
});

test('an iteration that is left while it waits ends at once, and lets all go', async () => {
  const path = join(temporaryFolder(), 'x.tfevents');
  for (const bytes of [Buffer.alloc(0), Buffer.concat(await records(1)).subarray(0, -1)]) {
    writeFileSync(path, bytes);
    const abort = new AbortController();
    const reader = readEvents(path, { follow: true, signal: abort.signal });
    const events = reader[Symbol.asyncIterator]();
    while (bytes.length > 0 && (await events.next()).value.kind !== 'session') {}
    const waiting = events.next();
    // Lets it come to the end of the file.
    await readFile(path);
    expect(await events.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(reader.stopped).toBeUndefined();
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  }
});

test('where a file cannot be watched, a second is the longest wait', async () => {
  vi.useFakeTimers();
  const changes = watchFile(join(temporaryFolder(), 'none'), undefined);
  const next = changes.next();
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1000);
  await next;
  expect(vi.getTimerCount()).toBe(0);
  changes.close();
});

test.each([
  [[''], /^path must be the path of an event file, not ''/],
  [[7], /^path .*not 7/],
  [[undefined], /^path .*not undefined/],
  [['x', null], /^options must be an object, not null/],
  [['x', { follow: 'yes' }], /^follow must be true or false, not 'yes'/],
  [['x', { signal: 'stop' }], /^signal must be an AbortSignal, not 'stop'/],
  [['x', { folow: true }], /^options has no folow \(true\)/],
])('readEvents(...%j) is refused', (args, message) => {
  expect(() => readEvents(...(args as unknown as [string]))).toThrow(TypeError);
  expect(() => readEvents(...(args as unknown as [string]))).toThrow(message);
});
