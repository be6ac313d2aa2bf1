import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { maskedCrc32c } from '../src/crc32c.js';
import { createEventFile } from '../src/event-file.js';
import { EventFileError, readEvents, readScalars } from '../src/index.js';
import { RecordFile } from '../src/record-file.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

/** A file of few records: its bytes, and what they say. */
async function sample() {
  const file = createEventFile(temporaryFolder(), { now: () => 1_700_000_000_000 });
  for (let step = 1; step <= 4; step++) file.scalar(step % 2 ? 'train/loss' : 'x', 1 / step, step * 1000, step);
  file.close();
  const whole = readFileSync(file.path);
  const events = await collect(readEvents(file.path));
  expect(events).toHaveLength(6);
  return { whole, events };
}

async function readBytes(folder: string, bytes: Uint8Array) {
  const path = join(folder, 'x.tfevents');
  writeFileSync(path, bytes);
  const reader = readEvents(path);
  return { events: await collect(reader), stopped: reader.stopped };
}

test('a tail of zeros, as file systems leave it after a crash', async () => {
  const { whole, events } = await sample();
  const read = await readBytes(temporaryFolder(), Buffer.concat([whole, Buffer.alloc(100)]));
  expect(read).toEqual({ events, stopped: { offset: whole.length, reason: 'length-crc' } });
});

test('a length that the file does not have takes no memory; one beyond protobuf is refused', async () => {
  const before = process.memoryUsage().arrayBuffers;
  expect((await readBytes(temporaryFolder(), header(2 ** 31 - 1))).stopped).toEqual({
    offset: 0,
    reason: 'torn-record',
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  expect((await readBytes(temporaryFolder(), header(2 ** 40))).stopped).toEqual({
    offset: 0,
    reason: 'record-too-large',
  });
});

test.each([
  ['a message longer than the record', [0x2a, 0x05, 0x0a]],
  ['a number cut off', [0x09, 0x00]],
  ['a varint without end', [0x10, ...new Array(10).fill(0xff), 0x01]],
  ['a field without a number', [0x00]],
  ['a wire type that is none', [0x0b]],
])('a sound record that is no event ends the reading, and says so: %s', async (_, bytes) => {
  const records = new RecordFile(temporaryFolder());
  for (const data of [[], bytes, []]) {
    records.bytes.set(data, records.begin(data.length));
    records.commit(Date.now());
  }
  records.close();
  const reader = readEvents(records.path);
  expect(await collect(reader)).toEqual([{ kind: 'other', wallTime: 0, step: 0 }]);
  expect(reader.stopped).toEqual({ offset: 16, reason: 'malformed-event' });
});

test('records of every size, across the reader’s chunks', async () => {
  const file = createEventFile(temporaryFolder());
  const lengths = [1, 300_000, 50_000, 7, 262_144, 1_000_000, 3];
  for (const [step, length] of lengths.entries()) file.scalar('t'.repeat(length), step, step, 1);
  file.close();
  const { series, files } = await readScalars(file.path);
  expect([...series.keys()].map((tag) => tag.length)).toEqual(lengths);
  expect(files[0]?.stopped).toEqual({ offset: readFileSync(file.path).length, reason: 'end' });
});

test('an iteration may be left early and begun again; a file that grew is read further', async () => {
  const file = createEventFile(temporaryFolder());
  file.scalar('t', 1, 1, 1);
  file.flush();
  const reader = readEvents(file.path);
  for (let round = 0; round < 2; round++) {
    for await (const event of reader) {
      expect(event.kind).toBe('file-version');
      break;
    }
    expect(reader.stopped).toBeUndefined();
    expect(await collect(reader)).toHaveLength(3);
    expect(reader.stopped?.reason).toBe('end');
  }
  file.scalar('t', 2, 2, 1);
  file.close();
  expect(await collect(reader)).toHaveLength(4);
});

test('a file that is not there: an error with a code', async () => {
  const path = join(temporaryFolder(), 'none');
  await expect(readScalars(path)).rejects.toThrow(EventFileError);
  await expect(collect(readEvents(path))).rejects.toMatchObject({
    code: 'read-failed',
    path,
    cause: { code: 'ENOENT' },
  });
});

test('a folder where a file is expected: the error says what reads folders', async () => {
  const path = temporaryFolder();
  const read = collect(readEvents(path));
  await expect(read).rejects.toMatchObject({ code: 'read-failed', path });
  await expect(read).rejects.toThrow(`${path} is a folder: findRuns lists what lies in it, readScalars reads a run`);
  expect(await readScalars(path)).toEqual({ series: new Map(), files: [] });
});

test.each([[''], [7], [undefined], ['a\0b']])('readScalars(%j) is refused', async (path) => {
  await expect(readScalars(path as never)).rejects.toThrow(TypeError);
  await expect(readScalars(path as never)).rejects.toThrow(/^path must be the path of an event file or a folder, not /);
});

function header(length: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.writeUInt32LE(maskedCrc32c(bytes, 0, 8), 8);
  return bytes;
}
