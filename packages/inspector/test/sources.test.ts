import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { LogValues, TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { SummaryWriter } from 'tensorboard-writer';
import { describe, expect, it } from 'vitest';
import { journalSource } from '../src/runs/journal-source.js';
import type { MediaContent } from '../src/runs/media-table.js';
import type { RunSource } from '../src/runs/run-source.js';
import { tensorboardSource } from '../src/runs/tensorboard-source.js';
import { wandbSource } from '../src/runs/wandb-source.js';
import { pointsOf } from './points-of.js';
import { temporaryFolder } from './temporary-folder.js';
import { type Kind, openRun, writeRun } from './write-run.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAF0lEQVR4nGNkYGRiZmZmZmZm4eTkhLAAAo4ASMA/XigAAAAASUVORK5CYII=',
  'base64',
);

const MEDIA: LogValues = {
  'own/number': 4.5,
  'own/text': 'größer <b>',
  'own/picture': { kind: 'image', png: PNG, width: 3, height: 2, caption: 'a picture' },
  'own/weights': { kind: 'histogram', counts: [1, 0, 3], edges: [0, 1, 2, 4] },
  'own/raw': { kind: 'histogram', values: [1, 2, 2, Number.NaN, 5] },
  'own/table': { kind: 'table', columns: ['a', 'b'], rows: [[1, 'x']] },
};

function pathOf(dir: string, kind: Kind): string {
  if (kind === 'tensorboard') return dir;
  if (kind === 'journal') return join(dir, readdirSync(dir).find((name) => name.endsWith('.jsonl'))!);
  const folder = join(dir, 'wandb', readdirSync(join(dir, 'wandb')).find((name) => name.startsWith('offline-run'))!);
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.wandb'))!);
}

function sourceOf(dir: string, kind: Kind): RunSource {
  const path = pathOf(dir, kind);
  if (kind === 'journal') return journalSource([{ path }], basename);
  return kind === 'wandb' ? wandbSource([path], basename) : tensorboardSource([{ path, prefix: '' }], basename);
}

async function loaded(events: readonly TrainEvent[], kind: Kind): Promise<RunSource> {
  const dir = temporaryFolder();
  writeRun(dir, events, [kind]);
  const source = sourceOf(dir, kind);
  expect(await source.advance()).toBe('grown');
  expect(source.problems).toEqual([]);
  return source;
}

function batches<T extends TrainEvent['type']>(events: readonly TrainEvent[], type: T) {
  return events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
}

describe.each<Kind>(['journal', 'wandb', 'tensorboard'])('a source of kind %s', (kind) => {
  const single = kind === 'tensorboard' ? Math.fround : (value: number) => value;

  it('holds the losses that were logged, at their clocks', async () => {
    const events = sampleRun();
    const source = await loaded(events, kind);
    const steps = batches(events, 'accumulated-batch');
    const clock = kind === 'wandb' ? 'step' : kind === 'journal' ? 'step' : 'logged';
    const expected = steps.map(({ step, microStep, loss }) => [
      kind === 'tensorboard' ? microStep : step,
      single(loss),
    ]);
    expect(pointsOf(source.series.get('train/loss'), clock)).toEqual(expected);
    const times = pointsOf(source.series.get('train/loss'), 'time').map(([time]) => Math.round(time!));
    expect(times).toEqual(steps.map(({ time }) => time));
    const epochs = batches(events, 'epoch-end');
    const valid = pointsOf(source.series.get('valid/loss'), 'time').map(([, value]) => value);
    expect(valid).toEqual(epochs.map((event) => single(event.valid!.loss!)));
  });

  it('has each value once, whatever pieces its file grows by', async () => {
    const dir = temporaryFolder();
    writeRun(dir, sampleRun({ microBatches: 40 }), [kind]);
    const whole = sourceOf(dir, kind);
    await whole.advance();
    const path = kind === 'tensorboard' ? join(dir, readdirSync(dir)[0]!) : pathOf(dir, kind);
    const bytes = readFileSync(path);
    const grown = join(temporaryFolder(), basename(path));
    writeFileSync(grown, '');
    const source =
      kind === 'tensorboard'
        ? tensorboardSource([{ path: join(grown, '..'), prefix: '' }], basename)
        : kind === 'wandb'
          ? wandbSource([grown], basename)
          : journalSource([{ path: grown }], basename);
    for (let at = 0; at < bytes.length; at += 613) {
      appendFileSync(grown, bytes.subarray(at, at + 613));
      expect(await source.advance()).toBe('grown');
    }
    expect(await source.advance()).toBe('same');
    expect([...source.series.keys()]).toEqual([...whole.series.keys()]);
    for (const [tag, series] of whole.series) {
      expect(pointsOf(source.series.get(tag), 'time'), tag).toEqual(pointsOf(series, 'time'));
    }
    expect(source.problems).toEqual([]);
  });

  it('reads pictures, distributions, texts and tables where they lie', async () => {
    const source = await loaded(sampleRun({ values: MEDIA }), kind);
    const content = async (tag: string) => {
      const entry = source.media.tags.get(tag)?.entries[0];
      return entry && (await source.content(tag, entry));
    };
    expect(pointsOf(source.series.get('own/number'), 'time').map(([, value]) => value)).toEqual([4.5]);
    expect([...source.series.keys()].filter((tag) => tag.startsWith('own/'))).toEqual(['own/number']);
    expect(await content('own/text')).toEqual({ kind: 'text', texts: ['größer <b>'] });
    const picture = (await content('own/picture')) as MediaContent & { kind: 'image' };
    expect(Buffer.from(picture.images[0]!)).toEqual(PNG);
    expect(picture.captions).toEqual([kind === 'tensorboard' ? '' : 'a picture']);
    // TensorBoard's logger takes no distribution with a value that is not finite.
    if (kind !== 'tensorboard') {
      const raw = (await content('own/raw')) as MediaContent & { kind: 'histogram' };
      expect(raw.counts.reduce((sum, count) => sum + count)).toBe(4);
      expect([raw.edges[0], raw.edges.at(-1)]).toEqual([1, 5]);
    }
    const histogram = (await content('own/weights')) as MediaContent & { kind: 'histogram' };
    expect(histogram.counts.reduce((sum, count) => sum + count)).toBeCloseTo(4);
    expect(histogram.edges.length).toBe(histogram.counts.length + 1);
    const table = await content('own/table');
    if (kind === 'tensorboard') expect(table).toMatchObject({ kind: 'text' });
    else expect(table).toEqual({ kind: 'table', columns: ['a', 'b'], rows: [[1, 'x']] });
  });

  it('says that it must be read anew where its file is another one', async () => {
    const dir = temporaryFolder();
    writeRun(dir, sampleRun(), [kind]);
    const path = kind === 'tensorboard' ? join(dir, readdirSync(dir)[0]!) : pathOf(dir, kind);
    const source = sourceOf(dir, kind);
    await source.advance();
    truncateSync(path, readFileSync(path).length - 20);
    expect(await source.advance()).toBe('replaced');
    const other = sourceOf(dir, kind);
    await other.advance();
    const twin = join(temporaryFolder(), 'twin');
    copyFileSync(path, twin);
    renameSync(twin, path);
    expect(await other.advance()).toBe('replaced');
    rmSync(path);
    expect(await other.advance()).toBe('replaced');
  });

  it('shows what stands before damage, and says where that is', async () => {
    const dir = temporaryFolder();
    writeRun(dir, sampleRun({ microBatches: 400 }), [kind]);
    const path = kind === 'tensorboard' ? join(dir, readdirSync(dir)[0]!) : pathOf(dir, kind);
    const bytes = readFileSync(path);
    const at = Math.floor(bytes.length / 2);
    bytes.fill(0x7b, at, at + 40);
    writeFileSync(path, bytes);
    const source = sourceOf(dir, kind);
    await source.advance();
    expect(source.problems).toHaveLength(1);
    expect(source.problems[0]!.path).toBe(basename(path));
    expect(source.problems[0]!.message).not.toContain(dir);
    const whole = sampleRun({ microBatches: 400 }).filter((event) => event.type === 'accumulated-batch').length;
    const count = source.series.get('train/loss')!.length;
    expect(count).toBeGreaterThan(whole / 4);
    expect(count).toBeLessThan(whole);
  });
});

describe('a journal', () => {
  it('tells of windows, epochs, diagnostics and the end', async () => {
    const events = sampleRun();
    const source = await loaded(events, 'journal');
    const windows = Array.from({ length: source.windows!.length }, (_, index) => source.windows!.at(index));
    const expected = events.flatMap((event) => {
      if (event.type !== 'accumulated-batch' && event.type !== 'discarded-window') return [];
      const { microBatches } = event;
      const samples = microBatches.reduce((sum, batch) => sum + batch.samples, 0);
      return [{ firstMicroStep: microBatches[0]!.microStep, lastMicroStep: microBatches.at(-1)!.microStep, samples }];
    });
    expect(windows).toMatchObject(expected);
    expect(windows.at(-1)!.discarded).toBe(batches(events, 'discarded-window')[0]!.reason);
    expect(source.story!.epochs.map(({ microStep, valid }) => [microStep, valid])).toEqual(
      batches(events, 'epoch-end').map(({ microStep, valid }) => [microStep, valid]),
    );
    expect(source.story!.diagnostics).toMatchObject(batches(events, 'diagnostic').map(({ code }) => ({ code })));
    expect(source.facts).toMatchObject({ id: 'sample', outcome: 'finished', plan: runOf(events).plan });
  });

  it('has both losses, whichever was recorded', async () => {
    for (const logAccumBatch of [true, false]) {
      const events = sampleRun({ logAccumBatch });
      const { series } = await loaded(events, 'journal');
      const [ofSteps, ofMicro] = logAccumBatch
        ? ['train/loss', 'train/micro_loss']
        : ['train/accumulated_loss', 'train/loss'];
      expect(pointsOf(series.get(ofSteps!), 'step')).toEqual(
        batches(events, 'accumulated-batch').map(({ step, loss }) => [step, loss]),
      );
      expect(pointsOf(series.get(ofMicro!), 'microStep')).toEqual(
        batches(events, 'micro-batch').map(({ microStep, loss }) => [microStep, loss]),
      );
    }
  });

  it('that goes on in another file shows what was trained twice once', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    const info = runOf(events);
    const upTo = (microStep: number) =>
      events.filter((event) => event.microStep <= microStep && event.type !== 'run-end');
    const first = openRun(dir, info, ['journal']);
    first.write(upTo(15));
    const behind = batches(events, 'accumulated-batch').find(({ step }) => step === 4)!;
    const { microStep, step, samples } = behind;
    const run = { ...info, startedAt: info.startedAt + 5000, resumedAt: { microStep, step, samples } };
    const start = { ...(events[0] as Extract<TrainEvent, { type: 'run-start' }>), run, microStep, step, samples };
    const rest = events.slice(events.indexOf(behind) + 1);
    const second = openRun(dir, run, ['journal']);
    second.write([start, ...rest]);
    second.close();
    const paths = readdirSync(dir)
      .sort((a, b) => a.length - b.length)
      .map((name) => join(dir, name));
    expect(paths).toHaveLength(2);
    const source = journalSource(
      paths.map((path) => ({ path })),
      basename,
    );
    await source.advance();
    expect(pointsOf(source.series.get('train/loss'), 'step')).toEqual(
      batches(events, 'accumulated-batch').map((event) => [event.step, event.loss]),
    );
    expect(source.windows!.length).toBe(batches(events, 'accumulated-batch').length + 1);
  });
});

describe('event files', () => {
  it('that are gone on with show what was written last', async () => {
    const dir = temporaryFolder();
    const write = (from: number, to: number, value: number) => {
      const writer = new SummaryWriter(dir);
      for (let step = from; step < to; step++) writer.addScalar('loss', value, step);
      writer.close();
    };
    write(1, 10, 1);
    const source = tensorboardSource([{ path: dir, prefix: '' }], basename);
    await source.advance();
    write(6, 12, 2);
    expect(await source.advance()).toBe('grown');
    const expected = Array.from({ length: 11 }, (_, i) => [i + 1, i + 1 < 6 ? 1 : 2]);
    expect(pointsOf(source.series.get('loss'), 'logged')).toEqual(expected);
  });

  it('of two folders that are one run have the tags of one folder', async () => {
    const dir = temporaryFolder();
    for (const name of ['train', 'validation']) {
      const writer = new SummaryWriter(join(dir, name));
      writer.addScalar('loss', name.length, 1);
      writer.close();
    }
    const source = tensorboardSource(
      [
        { path: join(dir, 'train'), prefix: 'train/' },
        { path: join(dir, 'validation'), prefix: 'valid/' },
      ],
      basename,
    );
    await source.advance();
    expect([...source.series].map(([tag, { values }]) => [tag, values.values[0]])).toEqual([
      ['train/loss', 5],
      ['valid/loss', 10],
    ]);
  });
});

describe('a W&B log', () => {
  it('names no file outside of its run', async () => {
    const dir = temporaryFolder();
    writeRun(dir, sampleRun({ values: MEDIA }), ['wandb']);
    const log = pathOf(dir, 'wandb');
    const files = join(log, '..', 'files');
    const [image] = readdirSync(join(files, 'media/images/own'));
    const source = sourceOf(dir, 'wandb');
    await source.advance();
    const entry = source.media.tags.get('own/picture')!.entries[0]!;
    expect(await source.content('own/picture', entry)).toMatchObject({ kind: 'image' });
    const inside = join(files, 'media/images/own', image!);
    const outside = join(temporaryFolder(), 'secret.png');
    copyFileSync(inside, outside);
    rmSync(inside);
    symlinkSync(outside, inside);
    await expect(source.content('own/picture', entry)).rejects.toThrow('outside of its run');
    rmSync(inside);
    mkdirSync(inside);
    await expect(source.content('own/picture', entry)).rejects.toThrow('is no file');
    rmSync(inside, { recursive: true });
    spawnSync('mkfifo', [inside]);
    await expect(source.content('own/picture', entry)).rejects.toThrow('is no file');
  });
});
