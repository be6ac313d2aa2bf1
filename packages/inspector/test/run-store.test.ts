import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { JsonValue, TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { journalSink } from '@microbatch/logger-journal';
import { SummaryWriter } from 'tensorboard-writer';
import { describe, expect, it } from 'vitest';
import { seriesOf } from '../src/runs/run.js';
import { openRunStore, type RunStore } from '../src/runs/run-store.js';
import { pointsOf } from './points-of.js';
import { temporaryFolder } from './temporary-folder.js';
import { openRun, writeRun } from './write-run.js';

async function opened(dir: string): Promise<RunStore> {
  const store = await openRunStore(dir);
  await look(store);
  return store;
}

async function look(store: RunStore): Promise<void> {
  await store.find();
  await store.read();
}

function writeScalars(dir: string): void {
  const writer = new SummaryWriter(dir);
  for (let step = 1; step <= 5; step++) writer.addScalar('loss', 1 / step, step);
  writer.close();
}

describe('a store of runs', () => {
  it('shows what one run wrote as one run, its values from the journal', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    writeRun(join(dir, 'a'), events);
    const { runs, problems } = await opened(dir);
    expect(runs.map(({ path, sources }) => [path, sources.map(({ kind }) => kind)])).toEqual([
      ['a', ['journal', 'wandb', 'tensorboard']],
    ]);
    expect([problems, runs[0]!.problems, runs[0]!.isLoaded]).toEqual([[], [], true]);
    const shown = seriesOf(runs[0]!).get('train/loss')!;
    expect(shown.source.kind).toBe('journal');
    const steps = events.filter((event) => event.type === 'accumulated-batch');
    expect(pointsOf(shown.series, 'step')).toEqual(steps.map(({ step, loss }) => [step, loss]));
    expect(runs[0]!.facts).toMatchObject({ id: 'sample', name: 'run sample', outcome: 'finished' });
  });

  it('finds runs wherever they lie, and passes other files over', async () => {
    const dir = temporaryFolder();
    writeRun(join(dir, 'deep/er/j'), sampleRun({ id: 'j' }), ['journal']);
    writeRun(join(dir, 'w'), sampleRun({ id: 'w' }), ['wandb']);
    writeScalars(join(dir, 't'));
    writeScalars(join(dir, 'node_modules/x'));
    writeFileSync(join(dir, 'other.jsonl'), '{"some":"thing"}\n');
    writeFileSync(join(dir, 'empty.jsonl'), '');
    writeFileSync(join(dir, 'notes.txt'), 'x');
    const { runs, problems } = await opened(dir);
    expect(runs.map(({ path }) => path).sort()).toEqual(['deep/er/j', 't', 'w']);
    expect(problems).toEqual([]);
  });

  it('follows what grows, comes and goes', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    const store = await opened(dir);
    expect(store.runs).toEqual([]);
    const writer = openRun(join(dir, 'a'), runOf(events), ['journal', 'tensorboard']);
    const half = events.findIndex(({ microStep }) => microStep === 9);
    writer.write(events.slice(0, half));
    await look(store);
    const { key } = store.runs[0]!;
    const count = () => seriesOf(store.run(key)!).get('train/micro_loss')!.series.length;
    const version = store.versionOf(key);
    expect(count()).toBe(8);
    await look(store);
    expect(store.versionOf(key)).toBe(version);
    writer.write(events.slice(half));
    await store.read();
    expect(count()).toBe(18);
    expect(store.versionOf(key)).toBeGreaterThan(version);
    writer.close();
    writeScalars(join(dir, 'b'));
    await look(store);
    expect(store.runs.map(({ path }) => path).sort()).toEqual(['a', 'b']);
    renameSync(join(dir, 'a'), join(temporaryFolder(), 'gone'));
    await look(store);
    expect(store.runs.map(({ path }) => path)).toEqual(['b']);
    expect(store.run(key)).toBeUndefined();
  });

  it('shows a run that went on from a checkpoint, twice, as if it had never been killed', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    const [start, ...rest] = events as [Extract<TrainEvent, { type: 'run-start' }>, ...TrainEvent[]];
    const before = rest.findIndex(({ microStep }) => microStep === 7);
    const { microStep, step, samples } = rest[before - 1]!;
    const first = journalSink({ dir });
    first.open(start.run);
    first.write([start, ...rest.slice(0, before)]);
    const state = first.checkpoint!() as JsonValue;
    first.write(rest.slice(before, before + 4));
    first.close('stopped');
    const resumed = {
      ...start,
      run: { ...start.run, resumedAt: { microStep, step, samples } },
      microStep,
      step,
      samples,
    };
    for (const more of [rest.slice(before, before + 6), rest.slice(before)]) {
      const next = journalSink({ dir });
      next.open(resumed.run, undefined, state);
      next.write([resumed, ...more]);
      next.close('stopped');
    }
    expect(readdirSync(dir)).toHaveLength(3);
    const { runs } = await opened(dir);
    expect(runs).toHaveLength(1);
    const whole = join(temporaryFolder(), 'whole');
    writeRun(whole, events, ['journal']);
    const [expected] = (await opened(whole)).runs;
    for (const [tag, { series }] of seriesOf(expected!)) {
      expect(pointsOf(seriesOf(runs[0]!).get(tag)?.series, 'time'), tag).toEqual(pointsOf(series, 'time'));
    }
    expect(runs[0]!.sources[0]!.windows!.length).toBe(expected!.sources[0]!.windows!.length);
    expect(runs[0]!.facts.outcome).toBe('finished');
  });

  it('reads anew what was written anew', async () => {
    const dir = temporaryFolder();
    writeRun(join(dir, 'a'), sampleRun({ microBatches: 18 }), ['journal']);
    const store = await opened(dir);
    rmSync(join(dir, 'a'), { recursive: true });
    writeRun(join(dir, 'a'), sampleRun({ microBatches: 4 }), ['journal']);
    await look(store);
    expect(seriesOf(store.runs[0]!).get('train/micro_loss')!.series.length).toBe(4);
  });

  it('knows whose file it is where another run is written to the same path', async () => {
    const dir = temporaryFolder();
    const write = (id: string, fileName: string) => {
      const events = sampleRun({ id });
      const sink = journalSink({ dir, fileName });
      sink.open(runOf(events));
      sink.write(events);
      sink.close('finished');
    };
    write('one', 'train.jsonl');
    const store = await opened(dir);
    const identities = () => store.runs.map(({ files }) => files.identity.split('@')[0]);
    expect(identities()).toEqual(['one']);
    write('two', 'next');
    renameSync(join(dir, 'next'), join(dir, 'train.jsonl'));
    await look(store);
    expect(identities()).toEqual(['two']);
  });

  it('says of files that are none what is wrong, and shows the rest', async () => {
    const dir = temporaryFolder();
    writeScalars(join(dir, 'good'));
    mkdirSync(join(dir, 'bad'));
    writeFileSync(join(dir, 'bad/events.out.tfevents.1.x'), Buffer.alloc(100, 7));
    writeFileSync(join(dir, 'bad/run-x.wandb'), 'this is no log');
    writeFileSync(join(dir, 'bad/new.jsonl'), '{"schema":99,"format":"microbatch-journal"}\n');
    writeFileSync(join(dir, 'bad/empty.tfevents'), '');
    const store = await opened(dir);
    const told = [...store.problems, ...store.runs.flatMap(({ problems }) => problems)];
    const about = (path: string) => told.filter((problem) => problem.path === path).map(({ message }) => message);
    expect(about('bad/events.out.tfevents.1.x')).toEqual([expect.stringContaining('checksum')]);
    expect(about('bad/run-x.wandb')).toEqual([expect.stringContaining('W&B log')]);
    expect(about('bad/new.jsonl')).toEqual([expect.stringContaining('schema 99')]);
    expect(told.every(({ message }) => !message.includes(dir))).toBe(true);
    const good = store.runs.find(({ path }) => path === 'good')!;
    expect(seriesOf(good).get('loss')!.series.length).toBe(5);
  });

  it('follows no link, and says which lead out', async () => {
    const [dir, outside] = [temporaryFolder(), temporaryFolder()];
    writeScalars(outside);
    writeScalars(join(dir, 'in'));
    writeRun(join(outside, 'j'), sampleRun(), ['journal']);
    const [journal] = readdirSync(join(outside, 'j'));
    symlinkSync(outside, join(dir, 'out'));
    symlinkSync(join(dir, 'in'), join(dir, 'again'));
    symlinkSync(dir, join(dir, 'in/around'));
    symlinkSync(join(outside, 'j', journal!), join(dir, journal!));
    symlinkSync(join(dir, 'nowhere'), join(dir, 'dead'));
    const { runs, problems } = await opened(dir);
    expect(runs.map(({ path }) => path)).toEqual(['in']);
    expect(problems.map(({ path }) => path).sort()).toEqual([journal, 'out'].sort());
  });

  it.each([
    ['journal', 'sample.microbatch.jsonl'],
    ['tensorboard', ''],
  ] as const)('follows no link that takes the place of a %s that it was reading', async (kind, name) => {
    const [dir, outside] = [temporaryFolder(), temporaryFolder()];
    writeRun(join(dir, 'a'), sampleRun(), [kind]);
    const store = await opened(dir);
    const tags = () => store.runs.flatMap((run) => [...seriesOf(run).keys()]);
    expect(tags()).toContain('train/loss');
    writeRun(outside, sampleRun({ microBatches: 40, values: { secret: 1 } }), [kind]);
    rmSync(join(dir, 'a', name), { recursive: true });
    symlinkSync(join(outside, name), join(dir, 'a', name));
    // Without looking which runs there are: the one that is known is read.
    await store.read();
    expect(tags()).toEqual([]);
  });

  it('rejects where the folder is none', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'file'), '');
    await expect(openRunStore(join(dir, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(opened(join(dir, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.skipIf(process.getuid?.() === 0)('says which folder may not be read', async () => {
    const dir = temporaryFolder();
    writeScalars(join(dir, 'good'));
    writeScalars(join(dir, 'secret'));
    chmodSync(join(dir, 'secret'), 0);
    const { runs, problems } = await opened(dir);
    chmodSync(join(dir, 'secret'), 0o700);
    expect(runs.map(({ path }) => path)).toEqual(['good']);
    expect(problems).toEqual([{ path: 'secret', message: expect.stringContaining('EACCES') }]);
  });

  it('reads what is large and not the best only when it is asked', async () => {
    const dir = temporaryFolder();
    writeRun(dir, sampleRun());
    const [events] = readdirSync(dir).filter((name) => name.includes('tfevents'));
    truncateSync(join(dir, events!), 100 * 1024 * 1024);
    const store = await opened(dir);
    const tags = () => store.runs[0]!.sources.map(({ series }) => series.size);
    expect(tags()[2]).toBe(0);
    expect(store.runs[0]!.isLoaded).toBe(true);
    await store.readAll(store.runs[0]!.key);
    expect(tags()[2]).toBeGreaterThan(0);
  });
});
