import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { type EventPlace, followJournal, journalSink, readJournal } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

function written(events: readonly TrainEvent[]): Buffer {
  const sink = journalSink({ dir: temporaryFolder() });
  sink.open(runOf(events));
  sink.write(events);
  sink.close('finished');
  return readFileSync(sink.path!);
}

async function eventsOf(path: string): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of readJournal(path)) events.push(event);
  return events;
}

describe('followJournal', () => {
  it('gives each event once it is whole, whatever pieces the file grows by', async () => {
    const bytes = written(sampleRun({ microBatches: 6, values: { ключ: '損失 🚀', odd: Number.NaN } }));
    for (const piece of [61, 1000, bytes.length]) {
      const path = join(temporaryFolder(), 'a.jsonl');
      writeFileSync(path, '');
      const follower = followJournal(path);
      expect(await follower.read(() => {})).toEqual({ reason: 'torn-line', events: 0, offset: 0 });
      const found: TrainEvent[] = [];
      for (let at = 0; at < bytes.length; at += piece) {
        appendFileSync(path, bytes.subarray(at, at + piece));
        const end = await follower.read((event) => found.push(event));
        expect(end.events).toBe(found.length);
      }
      expect(found).toEqual(await eventsOf(path));
      expect(await follower.read(() => expect.unreachable())).toMatchObject({
        reason: 'run-end',
        offset: bytes.length,
      });
      expect(follower.header).toEqual(await readJournal(path).header());
    }
  });

  it('waits for the newline of a line that is whole without it', async () => {
    const lines = written(sampleRun()).toString().trimEnd().split('\n');
    const path = join(temporaryFolder(), 'a.jsonl');
    writeFileSync(path, '');
    const follower = followJournal(path);
    const types: string[] = [];
    for (const line of lines) {
      for (const piece of [line, '\n']) {
        appendFileSync(path, piece);
        await follower.read(({ type }) => types.push(type));
      }
    }
    expect(types).toEqual((await eventsOf(path)).map(({ type }) => type));
  });

  it('reads an event again from its place', async () => {
    const path = join(temporaryFolder(), 'a.jsonl');
    writeFileSync(path, written(sampleRun({ values: { odd: Number.NaN } })));
    const follower = followJournal(path);
    const found: [TrainEvent, EventPlace][] = [];
    await follower.read((event, place) => found.push([event, place]));
    for (const [event, place] of found) expect(await follower.event(place)).toEqual(event);
    const { offset, length } = found[1]![1];
    await expect(follower.event({ offset, length: length - 1 })).rejects.toMatchObject({ code: 'damaged-line' });
    await expect(follower.event({ offset: offset + 1, length })).rejects.toMatchObject({ code: 'damaged-line' });
  });

  it('stops before a line that can be no event, with what is before it', async () => {
    const [header, ...lines] = written(sampleRun()).toString().trimEnd().split('\n');
    for (const [bad, why] of [
      ['{"type":"micro-batch","micr', 'no JSON'],
      ['{"type":"micro-batch"}', 'without microStep'],
    ]) {
      const path = join(temporaryFolder(), 'a.jsonl');
      writeFileSync(path, [header, ...lines.slice(0, 3), bad, ...lines.slice(3), ''].join('\n'));
      const follower = followJournal(path);
      let count = 0;
      const reading = () => follower.read(() => count++);
      await expect(reading()).rejects.toMatchObject({ code: 'damaged-line', message: expect.stringContaining(why!) });
      await expect(reading()).rejects.toMatchObject({ message: expect.stringContaining('line 5 ') });
      expect(count).toBe(3);
    }
  });

  it('refuses what is no journal, and what is no path', async () => {
    const path = join(temporaryFolder(), 'a.jsonl');
    writeFileSync(path, '{"type":"other"}\n');
    await expect(followJournal(path).read(() => {})).rejects.toMatchObject({ code: 'not-a-journal' });
    await expect(followJournal(join(path, 'b')).read(() => {})).rejects.toMatchObject({ code: 'read-failed' });
    expect(() => followJournal('')).toThrow(TypeError);
  });
});
