import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventToJson, LoggerError, type TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { type JournalEnd, journalSink, readJournal } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const HEADER = '{"schema":1,"format":"microbatch-journal","runId":"sample","startedAt":0}\n';

async function read(path: string): Promise<{ events: TrainEvent[]; end: JournalEnd }> {
  const reader = readJournal(path);
  const events: TrainEvent[] = [];
  for await (const event of reader) events.push(event);
  return { events, end: reader.end! };
}

function written(events: readonly TrainEvent[]): Buffer {
  const sink = journalSink({ dir: temporaryFolder() });
  sink.open(runOf(events));
  sink.write(events);
  sink.close('finished');
  return readFileSync(sink.path!);
}

function file(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'a.jsonl');
  writeFileSync(path, content);
  return path;
}

async function errorOf(path: string): Promise<LoggerError> {
  const error = await read(path).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(LoggerError);
  return error as LoggerError;
}

describe('readJournal', () => {
  it('reads the header', async () => {
    expect(await readJournal(file(written(sampleRun({ id: 'mine' })))).header()).toEqual({
      schema: 1,
      format: 'microbatch-journal',
      runId: 'mine',
      startedAt: 1_700_000_000_000,
    });
  });

  it('says that the run ended, and where', async () => {
    const events = sampleRun();
    const bytes = written(events);
    const { end } = await read(file(bytes));
    expect(end).toEqual({ reason: 'run-end', events: events.length, offset: bytes.length });
  });

  it('gives the whole events of a file that breaks off, wherever that is', async () => {
    const events = sampleRun({ microBatches: 1, values: { ключ: '損失 🚀' } });
    const bytes = written(events);
    const path = file('');
    const lineEnds = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
    for (let length = lineEnds[0]!; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const { events: prefix, end } = await read(path);
      // A line that lacks nothing but its newline is whole.
      const whole = lineEnds.filter((lineEnd) => lineEnd - 1 <= length).length - 1;
      expect(prefix).toStrictEqual(events.slice(0, whole));
      const offset = Math.min(lineEnds[whole]!, length);
      const cut = offset === length ? 'no-run-end' : 'torn-line';
      expect(end).toEqual({ reason: whole === events.length ? 'run-end' : cut, events: whole, offset });
    }
  });

  it('takes a file that breaks off inside its first line for one without events', async () => {
    const bytes = written(sampleRun());
    const path = file('');
    for (let length = 0; length < bytes.indexOf(10); length++) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(await read(path)).toEqual({ events: [], end: { reason: 'torn-line', events: 0, offset: 0 } });
      await expect(readJournal(path).header()).rejects.toMatchObject({
        code: 'not-a-journal',
        message: expect.stringMatching(/ends inside its first line/),
      });
    }
  });

  it.each([
    ['nothing', ''],
    ['a piece of the header', HEADER.slice(0, 30)],
    ['the header', HEADER.trimEnd()],
  ])('takes %s and zeros behind it, as a power failure leaves them, for a torn line', async (_, begun) => {
    const path = file(`${begun}${'\0'.repeat(500)}`);
    expect(await read(path)).toEqual({ events: [], end: { reason: 'torn-line', events: 0, offset: 0 } });
  });

  it('takes a header that lacks nothing but its newline for whole', async () => {
    const path = file(HEADER.trimEnd());
    expect(await read(path)).toEqual({
      events: [],
      end: { reason: 'no-run-end', events: 0, offset: HEADER.length - 1 },
    });
    expect(await readJournal(path).header()).toMatchObject({ runId: 'sample' });
  });

  it('passes over a tail of zeros, as a power failure leaves it', async () => {
    const bytes = written(sampleRun().slice(0, 4));
    const { end } = await read(file(Buffer.concat([bytes, Buffer.alloc(4096)])));
    expect(end).toEqual({ reason: 'torn-line', events: 4, offset: bytes.length });
  });

  it('reads lines longer than a chunk of the file', async () => {
    const values = { long: 'ü'.repeat(400_000), next: 'x'.repeat(300_000) };
    const events = sampleRun({ values });
    expect((await read(file(written(events)))).events).toStrictEqual(events);
  });

  it('reads anew at each iteration, also after one that was broken off', async () => {
    const events = sampleRun();
    const path = file(written(events));
    const reader = readJournal(path);
    for await (const event of reader) if (event.type === 'micro-batch') break;
    expect(reader.end).toBeUndefined();
    let count = 0;
    for await (const _ of reader) count += 1;
    expect(count).toBe(events.length);
  });

  it('passes on events of types that it does not know', async () => {
    const [start] = sampleRun();
    const later = { ...(eventToJson(start!) as object), type: 'checkpoint' };
    const { events } = await read(file(`${HEADER}${JSON.stringify(later)}\n`));
    expect(events).toMatchObject([{ type: 'checkpoint' }]);
  });

  it.each([
    ['a first line of another kind without its end', '{"a":1', 'not-a-journal', /is no journal/],
    ['another JSON Lines file', '{"a":1}\n{"a":2}\n', 'not-a-journal', /is no journal/],
    ['a list', '[1]\n', 'not-a-journal', /is no journal/],
    ['binary data', Uint8Array.of(0, 255, 10, 7), 'not-a-journal', /is no journal/],
    ['a later schema', HEADER.replace('1', '2'), 'unknown-schema', /of schema 2; this version reads schema 1/],
    ['no schema', HEADER.replace('"schema":1,', ''), 'unknown-schema', /of schema undefined/],
    ['text before the last line', `${HEADER}{"type\n{}\n`, 'damaged-line', /line 2 can't be read: it is no JSON/],
    ['an empty line', `${HEADER}\n{}\n`, 'damaged-line', /line 2/],
    ['what is no event', `${HEADER}{"a":1}\n`, 'damaged-line', /line 2 can't be read: not an event/],
    ['a tag of a later version', `${HEADER}{"type":{"$date":1}}\n`, 'damaged-line', /line 2 .*\$date/],
  ])('refuses %s', async (_, content, code, message) => {
    const error = await errorOf(file(content));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    if (code !== 'damaged-line') await expect(readJournal(file(content)).header()).rejects.toMatchObject({ code });
  });

  it('names the line of the damage, after the events before it', async () => {
    const events = sampleRun();
    const path = file(written(events.slice(0, 7)));
    appendFileSync(path, '{"torn\n{"and":"more"}\n');
    const error = await errorOf(path);
    expect(error.message).toContain('line 9');
  });

  it('names a file that is not there, and a folder', async () => {
    const missing = join(temporaryFolder(), 'missing.jsonl');
    expect(await errorOf(missing)).toMatchObject({ code: 'read-failed', message: expect.stringContaining(missing) });
    expect(await errorOf(temporaryFolder())).toMatchObject({ code: 'read-failed' });
  });

  it('passes over damaged lines where somebody is told of them', async () => {
    const events = sampleRun();
    const lines = written(events).toString().split('\n');
    lines[3] = lines[3]!.slice(0, 20);
    lines[5] = '{"a":1}';
    const told: string[] = [];
    const reader = readJournal(file(lines.join('\n')), {
      onDamage: ({ code, message }) => void told.push(`${code} ${/line \d+/.exec(message)}`),
    });
    const read: TrainEvent[] = [];
    for await (const event of reader) read.push(event);
    expect(told).toEqual(['damaged-line line 4', 'damaged-line line 6']);
    expect(read).toStrictEqual(events.filter((_, at) => at !== 2 && at !== 4));
    expect(reader.end).toMatchObject({ reason: 'run-end', events: events.length - 2 });
    expect(() => readJournal('a', { onError() {} } as never)).toThrow(/unknown option onError/);
  });
});
