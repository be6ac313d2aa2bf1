import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEventFile } from '../src/event-file.js';
import { type FileEvent, readEvents, readScalars } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

const goldenPath = (name: string) => fileURLToPath(new URL(`golden/${name}.tfevents`, import.meta.url));

/** A file's bytes, where each record begins and the last one ends, and what they say. */
async function sampleOf(path: string) {
  const whole = readFileSync(path);
  const ends = [0];
  for (let at = 0; at < whole.length; ends.push(at)) at += 16 + whole.readUInt32LE(at);
  const events = await collect(readEvents(path));
  expect(events).toHaveLength(ends.length - 1);
  const copy = join(temporaryFolder(), 'x.tfevents');
  writeFileSync(copy, whole);
  return { whole, ends, events, copy };
}

function scalarsFile(): string {
  const file = createEventFile(temporaryFolder(), { now: () => 1_700_000_000_000 });
  for (let step = 1; step <= 4; step++) file.scalar(step % 2 ? 'train/loss' : 'x', 1 / step, step * 1000, step);
  file.close();
  return file.path;
}

const samples: [name: string, path: () => string][] = [
  ['scalars of ours', scalarsFile],
  ['every kind', () => goldenPath('kinds')],
  ['every tensor', () => goldenPath('tensor-types')],
];

test.each(samples)('cut at every byte: all whole records, then where and why it stopped: %s', async (_, path) => {
  const { whole, ends, events, copy } = await sampleOf(path());
  for (let cut = whole.length; cut >= 0; cut--) {
    const fd = openSync(copy, 'r+');
    ftruncateSync(fd, cut);
    closeSync(fd);
    const kept = ends.findLastIndex((end) => end <= cut);
    const stopped = { offset: ends[kept]!, reason: ends[kept] === cut ? 'end' : 'torn-record' };
    await expectRead(copy, events.slice(0, kept), stopped);
  }
});

test.each(samples)(
  'every bit flipped: all records before it, never a wrong one, the damage is told: %s',
  async (_, path) => {
    const { whole, ends, events, copy } = await sampleOf(path());
    const fd = openSync(copy, 'r+');
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const at = bit >> 3;
      const record = ends.findLastIndex((end) => end <= at);
      const reason = at - ends[record]! < 12 ? 'length-crc' : 'data-crc';
      writeSync(fd, Uint8Array.of(whole[at]! ^ (1 << (bit & 7))), 0, 1, at);
      await expectRead(copy, events.slice(0, record), { offset: ends[record]!, reason });
      writeSync(fd, whole, at, 1, at);
    }
    closeSync(fd);
    expect(readFileSync(copy).equals(whole)).toBe(true);
  },
  60_000,
);

test.each(samples)('columns stop where events do: %s', async (_, path) => {
  const { whole, copy } = await sampleOf(path());
  const fd = openSync(copy, 'r+');
  for (let at = 0; at < whole.length; at += 3) {
    writeSync(fd, Uint8Array.of(whole[at]! ^ 0x55), 0, 1, at);
    const reader = readEvents(copy);
    const events = await collect(reader);
    const { series, files } = await readScalars(copy);
    expect(files[0]?.stopped).toEqual(reader.stopped);
    const scalars = events.flatMap((event) => (event.kind === 'summary' ? event.values : []));
    const points = [...series.values()].reduce((sum, { steps }) => sum + steps.length, 0);
    expect(points).toBe(scalars.filter(({ kind }) => kind === 'scalar').length);
    writeSync(fd, whole, at, 1, at);
  }
  closeSync(fd);
});

/** Compares by text, which is much faster, where the two are equal. */
async function expectRead(path: string, events: readonly FileEvent[], stopped: unknown): Promise<void> {
  const reader = readEvents(path);
  const read = await collect(reader);
  if (fingerprint(read) !== fingerprint(events)) expect(read).toEqual(events);
  expect(reader.stopped).toEqual(stopped);
}

function fingerprint(events: readonly FileEvent[]): string {
  return JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}
