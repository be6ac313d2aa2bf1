import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGrammar, readEvents, resumedRun, runOf, sampleRun, sinkConformance } from '@microbatch/core/testing';
import { describe, expect, it, test } from 'vitest';
import { journalSink, readJournal, readWholeJournal } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

async function readWhole(path: string) {
  const events = [];
  for await (const event of readWholeJournal(path)) events.push(event);
  return events;
}

describe('a resumed run, read as one stream,', () => {
  function create() {
    const dir = temporaryFolder();
    const reopen = () => journalSink({ dir });
    const newest = () =>
      join(
        dir,
        readdirSync(dir)
          .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
          .at(-1)!,
      );
    return { sink: reopen(), reopen, read: async () => readEvents(await readWhole(newest())) };
  }
  const cases = sinkConformance({ create }).filter(({ name }) => name.startsWith('checkpoint: a resumed run'));
  for (const { name, run } of cases) it(name.replace('checkpoint: ', ''), run);

  it('is the stream of one that was never stopped, also over three files of which one was in vain', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    const states = [];
    for (const [from, checkpoint, to] of [
      [0, 12, 15],
      [12, 18, 22],
      [12, 19, 19],
      [19, 30, events.length],
    ] as const) {
      const sink = journalSink({ dir });
      await sink.open(runOf(from === 0 ? events : resumedRun(events, from)), undefined, states[from]);
      if (from > 0) await sink.write(resumedRun(events, from).slice(0, 1));
      await sink.write(events.slice(from, checkpoint));
      states[checkpoint] = await sink.checkpoint!();
      await sink.write(events.slice(checkpoint, to));
      await sink.close('stopped');
    }
    const [last] = readdirSync(dir).filter((name) => name.includes('-4.'));
    const read = await readWhole(join(dir, last!));
    expect(read).toEqual(events);
    checkGrammar(read);
    const reader = readWholeJournal(join(dir, last!));
    expect(await reader.header()).toEqual(await readJournal(join(dir, 'sample.microbatch.jsonl')).header());
    for await (const _ of reader);
    expect(reader.end).toMatchObject({ reason: 'run-end', events: events.length });
  });
});

test('a journal before that is gone, or goes on with its own, is told by name', async () => {
  const dir = temporaryFolder();
  const header = (file: string) =>
    `${JSON.stringify({ schema: 1, format: 'microbatch-journal', runId: 'a', startedAt: 0, resumes: { file, offset: 90 } })}\n`;
  writeFileSync(join(dir, 'lost.jsonl'), header('gone.jsonl'));
  writeFileSync(join(dir, 'one.jsonl'), header('two.jsonl'));
  writeFileSync(join(dir, 'two.jsonl'), header('one.jsonl'));
  await expect(readWhole(join(dir, 'lost.jsonl'))).rejects.toMatchObject({
    code: 'read-failed',
    message: expect.stringContaining('gone.jsonl'),
  });
  await expect(readWhole(join(dir, 'one.jsonl'))).rejects.toMatchObject({
    code: 'damaged-line',
    message: expect.stringContaining('two.jsonl'),
  });
});

test.each([
  { file: '../before.jsonl', offset: 90 },
  { file: '/before.jsonl', offset: 90 },
  { file: 'folder/before.jsonl', offset: 90 },
  { file: 'before.jsonl' },
  { offset: 90 },
  'before.jsonl',
])('a journal that goes on with %j is refused by name, and nothing else is read', async (resumes) => {
  const path = join(temporaryFolder(), 'journal.jsonl');
  const header = { schema: 1, format: 'microbatch-journal', runId: 'a', startedAt: 0, resumes };
  writeFileSync(path, `${JSON.stringify(header)}\n`);
  await expect(readWhole(path)).rejects.toMatchObject({
    code: 'damaged-line',
    message: `${path}: its header goes on with ${JSON.stringify(resumes)}, which is no place in a file beside it`,
  });
});
