import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoggerError, memory, record, type TrainEvent } from '@microbatch/core';
import { checkGrammar, runOf, sampleRun, sampleValues } from '@microbatch/core/testing';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { journal, journalSink, readJournal } from '../src/index.js';
import { readAll } from './read-all.js';
import { temporaryFolder } from './temporary-folder.js';

async function write(events: readonly TrainEvent[], options: { dir: string; fileName?: string }): Promise<string> {
  const logger = journal(options);
  await record(from(events), [logger], { strict: true, onDiagnostic: () => {} });
  return logger.path!;
}

describe('journal', () => {
  it.each([
    { values: sampleValues() },
    { logAccumBatch: false, loss: (microStep: number) => [Number.NaN, Infinity, -Infinity, -0][microStep % 5] ?? 0.1 },
    { values: { $number: 1, $bytes: '$', 'line\u2028separator\r': 'a\nb\u2029', ['__proto__']: 1 } },
    { microBatches: 0, outcome: 'failed' as const },
  ])('gives back exactly the events that were logged, frozen: %j', async (options) => {
    const events = sampleRun(options);
    const read = await readAll(await write(events, { dir: temporaryFolder() }));
    expect(read).toStrictEqual(events);
    checkGrammar(read);
  });

  it('has a header, then one JSON object a line', async () => {
    const events = sampleRun({ id: 'lines' });
    const path = await write(events, { dir: temporaryFolder() });
    const text = readFileSync(path, 'utf8');
    const [header, ...lines] = text.trimEnd().split('\n');
    expect(text.endsWith('\n')).toBe(true);
    expect(JSON.parse(header!)).toEqual({
      schema: 1,
      format: 'microbatch-journal',
      runId: 'lines',
      startedAt: 1_700_000_000_000,
    });
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(events.map(({ type }) => type));
  });

  it('never writes over a file, but takes the next free name', async () => {
    const dir = join(temporaryFolder(), 'deep', 'er');
    const events = sampleRun({ id: 'again' });
    const paths = [await write(events, { dir }), await write(events, { dir }), await write(events, { dir })];
    const names = ['again.microbatch.jsonl', 'again-2.microbatch.jsonl', 'again-3.microbatch.jsonl'];
    expect(paths).toEqual(names.map((name) => join(dir, name)));
    for (const path of paths) expect(await readAll(path)).toHaveLength(events.length);
  });

  it('takes a file name, and counts before its ending', async () => {
    const dir = temporaryFolder();
    for (const fileName of ['a.b.jsonl', 'a.b.jsonl', 'plain', 'plain']) await write(sampleRun(), { dir, fileName });
    expect(readdirSync(dir).sort()).toEqual(['a.b-2.jsonl', 'a.b.jsonl', 'plain', 'plain-2']);
  });

  it('writes one file for each run that the same logger records', async () => {
    const logger = journal({ dir: temporaryFolder() });
    for (const id of ['first', 'second']) {
      await record(from(sampleRun({ id })), [logger], { strict: true, onDiagnostic: () => {} });
      expect((await readAll(logger.path!))[0]).toMatchObject({ run: { id } });
    }
  });

  it.each([
    [{}, "dir must be a folder's path, not undefined"],
    [{ dir: '' }, 'dir must be a folder\'s path, not ""'],
    [{ dir: 'runs', fileName: '' }, 'fileName must be a file\'s name without a folder, not ""'],
    [{ dir: 'runs', fileName: '../a' }, 'fileName must be a file\'s name without a folder, not "../a"'],
    [{ dir: 'runs', fileName: 'a\\b' }, 'fileName must be a file\'s name without a folder, not "a\\\\b"'],
    [{ dir: 'runs', fileName: '..' }, 'fileName must be a file\'s name without a folder, not ".."'],
    [{ dir: 'runs', fileName: 1 }, "fileName must be a file's name without a folder, not 1"],
  ])('refuses the options %j', (options, message) => {
    expect(() => journal(options as never)).toThrow(TypeError);
    expect(() => journal(options as never)).toThrow(message);
  });

  it('refuses a run id that would lead out of the folder', () => {
    const events = sampleRun({ id: '../escape' });
    const sink = journalSink({ dir: temporaryFolder() });
    expect(() => sink.open(runOf(events))).toThrow(/run id must be a file's name/);
  });

  it('tells of a folder that it can not make, and leaves the other loggers alone', async () => {
    const notFolder = join(temporaryFolder(), 'file');
    writeFileSync(notFolder, 'mine');
    const beside = memory();
    const events = sampleRun();
    const told: string[] = [];
    const loggers = [journal({ dir: join(notFolder, 'runs') }), beside];
    const [receipt] = await record(from(events), loggers, { onDiagnostic: ({ message }) => told.push(message) });
    expect(receipt!.errors[0]).toBeInstanceOf(LoggerError);
    expect(receipt!.errors[0]!.code).toBe('open-failed');
    expect(told.join()).toContain(join(notFolder, 'runs'));
    expect(beside.events.filter((event) => events.includes(event))).toHaveLength(events.length);
    expect(readFileSync(notFolder, 'utf8')).toBe('mine');
  });

  it('refuses a second run before the first is closed, and goes on with the first', async () => {
    const sink = journalSink({ dir: temporaryFolder() });
    const events = sampleRun();
    await sink.open(runOf(events));
    expect(() => sink.open(runOf(events))).toThrow(expect.objectContaining({ code: 'in-use' }));
    await sink.write(events);
    await sink.close('finished');
    expect(await readAll(sink.path!)).toStrictEqual(events);
  });

  it('refuses a value that JSON has no form for without writing half a batch', async () => {
    const sink = journalSink({ dir: temporaryFolder() });
    const events = sampleRun({ microBatches: 1 });
    const odd = { ...events[1]!, type: 'later', value: new Map() } as unknown as TrainEvent;
    await sink.open(runOf(events));
    expect(() => sink.write([events[0]!, odd])).toThrow(/"value" holds a value of type Map/);
    await sink.write(events);
    await sink.close('finished');
    expect(await readAll(sink.path!)).toStrictEqual(events);
  });

  it('can be read while it is written', async () => {
    const sink = journalSink({ dir: temporaryFolder() });
    const events = sampleRun();
    await sink.open(runOf(events));
    await sink.write(events.slice(0, 5));
    await sink.flush();
    const reader = readJournal(sink.path!);
    expect(await readAll(sink.path!)).toStrictEqual(events.slice(0, 5));
    await sink.write(events.slice(5));
    await sink.close('finished');
    const read: TrainEvent[] = [];
    for await (const event of reader) read.push(event);
    expect(read).toStrictEqual(events);
  });

  it('refuses options that it does not know, by name and value', () => {
    const make = () => journal({ dir: temporaryFolder(), filename: 'a.jsonl' } as never);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/there is no option filename, given 'a\.jsonl'/);
    expect(() => journalSink({ dir: 'runs', timeoutMs: 5 } as never)).toThrow(/there is no option timeoutMs, given 5/);
  });

  it('takes maxQueued and timeoutMs for defineLogger', () => {
    const dir = temporaryFolder();
    expect(journal({ dir, maxQueued: 5, timeoutMs: 6 }).name).toBe('journal');
    expect(() => journal({ dir, maxQueued: 0 })).toThrow(/maxQueued must be a positive integer, not 0/);
    expect(() => journal({ dir, timeoutMs: -1 })).toThrow(/timeoutMs must be a positive integer, not -1/);
  });
});
