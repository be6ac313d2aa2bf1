import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { tensorboardSink } from '@microbatch/logger-tensorboard';
import { SummaryWriter } from 'tensorboard-writer';
import { describe, expect, it } from 'vitest';
import type {
  MediaAnswer,
  MediaEntryAnswer,
  RunAnswer,
  RunDetailsAnswer,
  RunsAnswer,
  WindowsAnswer,
} from '../src/view/protocol.js';
import { ask } from './ask.js';
import { json, listed, newsUntil, number, pathOf, series, served } from './served.js';
import { temporaryFolder } from './temporary-folder.js';
import { openRun, writeRun } from './write-run.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAF0lEQVR4nGNkYGRiZmZmZmZm4eTkhLAAAo4ASMA/XigAAAAASUVORK5CYII=',
  'base64',
);

describe('what the server says of runs', () => {
  it('is what was logged, on each axis', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    writeRun(dir, events);
    const server = await served(dir);
    const answer = await listed(server);
    const [run] = answer.runs as [RunAnswer];
    expect(run).toMatchObject({
      name: 'run sample',
      id: 'sample',
      outcome: 'finished',
      progress: 1,
      logAccumBatch: true,
    });
    expect(run.sources).toEqual(['journal', 'wandb', 'tensorboard']);
    expect(run.axes).toEqual(['microStep', 'step', 'samples', 'epoch', 'elapsed', 'time', 'logged']);
    const steps = events.filter((event) => event.type === 'accumulated-batch');
    const tag = number(answer, 'train/loss');
    const { startedAt } = runOf(events);
    for (const [axis, x] of [
      ['microStep', ({ microStep }) => microStep],
      ['step', ({ step }) => step],
      ['samples', ({ samples }) => samples],
      ['epoch', ({ epoch }) => epoch],
      ['elapsed', ({ time }) => (time - startedAt) / 1000],
      ['time', ({ time }) => time / 1000],
      ['logged', ({ microStep }) => microStep],
    ] as readonly (readonly [string, (event: (typeof steps)[number]) => number])[]) {
      const { curves, axis: drawn } = await series(server, `tag=${tag}&runs=${run.key}&axis=${axis}`);
      expect([drawn, curves.length, [...curves[0]!.xs], [...curves[0]!.ys]]).toEqual([
        axis,
        1,
        steps.map(x),
        steps.map(({ loss }) => loss),
      ]);
    }
    const ofSource = async (source: string, axis: string) => [
      ...(await series(server, `tag=${tag}&runs=${run.key}&axis=${axis}&source=${source}`)).curves[0]!.xs,
    ];
    expect(await ofSource('wandb', 'logged')).toEqual(steps.map(({ step }) => step - 1));
    expect(await ofSource('tensorboard', 'logged')).toEqual(steps.map(({ microStep }) => microStep));
    expect(await ofSource('tensorboard', 'microStep')).toEqual(steps.map(({ microStep }) => microStep));
  });

  it('says in which window each micro-batch was, from whichever source knows it', async () => {
    for (const kinds of [['journal'], ['wandb'], ['tensorboard']] as const) {
      const dir = temporaryFolder();
      const events = sampleRun();
      writeRun(dir, events, kinds);
      const server = await served(dir);
      const [{ key }] = (await listed(server)).runs as [RunAnswer];
      const { windows, total, from } = await json<WindowsAnswer>(server, `windows/${key}`);
      const expected = events.flatMap((event) =>
        event.type === 'accumulated-batch' || (event.type === 'discarded-window' && kinds[0] === 'journal')
          ? [[event.microBatches[0]!.microStep, event.microBatches.at(-1)!.microStep]]
          : [],
      );
      expect([from, total]).toEqual([kinds[0], expected.length]);
      expect(windows.map(({ firstMicroStep, lastMicroStep }) => [firstMicroStep, lastMicroStep])).toEqual(expected);
      const some = await json<WindowsAnswer>(server, `windows/${key}?from=5&to=6`);
      expect(some.windows.length).toBe(1);
      expect((await json<WindowsAnswer>(server, `windows/${key}?most=2`)).windows).toEqual([]);
    }
  });

  it('has no windows of event files whose x is another clock than micro-batches', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    const sink = tensorboardSink({ logDir: dir, stepAxis: 'samples' });
    sink.open(runOf(events));
    sink.write(events);
    sink.close('finished');
    const server = await served(dir);
    const [{ key, axes }] = (await listed(server)).runs as [RunAnswer];
    expect(axes).not.toContain('microStep');
    expect((await json<WindowsAnswer>(server, `windows/${key}`)).total).toBe(0);
  });

  it('counts the micro-batches behind the last W&B row, which event files have', async () => {
    for (const logAccumBatch of [true, false]) {
      const dir = temporaryFolder();
      const events = sampleRun({ logAccumBatch });
      expect(events.some(({ type }) => type === 'discarded-window')).toBe(true);
      writeRun(dir, events, ['wandb', 'tensorboard']);
      const server = await served(dir);
      const [run] = (await listed(server)).runs as [RunAnswer];
      expect([run.last.microStep, run.logAccumBatch]).toEqual([18, logAccumBatch]);
    }
  });

  it('holds config, epochs, diagnostics, discarded windows, and how the sources agree', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    writeRun(dir, events);
    const server = await served(dir);
    const [{ key }] = (await listed(server)).runs as [RunAnswer];
    const details = await json<RunDetailsAnswer>(server, `run/${key}`);
    expect(details.config).toEqual({ batchSize: '4', 'optimizer.name': 'adam', 'optimizer.learningRate': '0.003' });
    expect(details.facts).toMatchObject({ id: 'sample', 'policy.kind': 'schedule', 'plan.microBatchSize': '4' });
    expect(details.epochs).toHaveLength(2);
    expect(details.diagnostics).toMatchObject([{ code: 'sample' }]);
    expect(details.discarded).toMatchObject([{ discarded: 'training-end' }]);
    const compared = events.filter((event) => event.type === 'accumulated-batch').length;
    expect(details.sources.map(({ kind, loss }) => [kind, loss])).toEqual([
      ['journal', undefined],
      ['wandb', { compared, differing: 0 }],
      ['tensorboard', { compared, differing: 0 }],
    ]);
  });

  it('gives pictures that browsers only draw, and no other file', async () => {
    const dir = temporaryFolder();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    const picture = { kind: 'image', width: 3, height: 2 } as const;
    const values = { good: { ...picture, png: PNG }, bad: { ...picture, png: svg }, note: '<b>' };
    writeRun(dir, sampleRun({ values }), ['journal']);
    const server = await served(dir);
    const answer = await listed(server);
    const { key } = answer.runs[0]!;
    const get = (tag: string) =>
      ask(server.url, `${pathOf(server)}api/media/${key}/picture?tag=${number(answer, tag)}&index=0`);
    const good = await get('good');
    expect([good.status, good.headers['content-type'], good.body]).toEqual([200, 'image/png', PNG]);
    expect((await get('bad')).status).toBe(404);
    expect((await get('note')).status).toBe(404);
    const note = number(answer, 'note');
    const entries = await json<MediaEntryAnswer[]>(server, `media/${key}?tag=${note}`);
    expect(entries).toMatchObject([{ index: 0, clocks: { microStep: 3 } }]);
    expect(await json<MediaAnswer>(server, `media/${key}/value?tag=${note}&index=0`)).toEqual({
      kind: 'text',
      texts: ['<b>'],
    });
  });

  it('is new as soon as it is written', async () => {
    const dir = temporaryFolder();
    const events = sampleRun();
    const writer = openRun(dir, runOf(events));
    const server = await served(dir);
    await listed(server);
    writer.write(events.slice(0, 12));
    const micro = events.slice(0, 12).filter((event) => event.type === 'micro-batch').length;
    const count = async () => {
      const answer = await json<RunsAnswer>(server, 'runs');
      const [run] = answer.runs;
      const tag = number(answer, 'train/micro_loss');
      if (run === undefined || tag < 0) return 0;
      return (await series(server, `tag=${tag}&runs=${run.key}&axis=microStep`)).curves[0]!.sent;
    };
    await newsUntil(server, async () => (await count()) === micro);
    writer.write(events.slice(12));
    await newsUntil(server, async () => (await count()) === 18);
    writer.close();
    const other = new SummaryWriter(join(dir, 'other'));
    other.addScalar('loss', 1, 1);
    other.close();
    await newsUntil(server, async () => (await json<RunsAnswer>(server, 'runs')).runs.length === 2);
  });

  it('goes on when the folder goes, and when it comes back', async () => {
    const parent = temporaryFolder();
    const dir = join(parent, 'runs');
    writeRun(dir, sampleRun(), ['journal']);
    const server = await served(dir);
    await listed(server);
    renameSync(dir, join(parent, 'away'));
    const failure = async () => (await json<RunsAnswer>(server, 'runs')).failure;
    await newsUntil(server, async () => (await failure())?.includes('ENOENT') === true);
    renameSync(join(parent, 'away'), dir);
    await newsUntil(server, async () => (await failure()) === undefined);
    expect((await json<RunsAnswer>(server, 'runs')).runs).toHaveLength(1);
  });

  it('takes hostile names for names', async () => {
    const dir = temporaryFolder();
    const tags = [
      '<script>alert(1)</script>',
      '../../etc/passwd',
      'x'.repeat(10_000),
      '🚀/ü',
      '__proto__',
      'constructor',
    ];
    const folder = join(dir, '<img src=x onerror=alert(1)>');
    mkdirSync(folder);
    const writer = new SummaryWriter(folder);
    for (const tag of tags) writer.addScalar(tag, 2, 1);
    writer.close();
    const server = await served(dir);
    const answer = await listed(server);
    expect(answer.runs.map(({ name }) => name)).toEqual(['<img src=x onerror=alert(1)>']);
    expect([...answer.tags].sort()).toEqual([...tags].sort());
    for (const tag of tags) {
      const { curves } = await series(server, `tag=${number(answer, tag)}&runs=${answer.runs[0]!.key}&axis=logged`);
      expect([...curves[0]!.ys], tag).toEqual([2]);
    }
  });

  it('has nothing of what a link leads to', async () => {
    const [dir, outside] = [temporaryFolder(), temporaryFolder()];
    writeRun(outside, sampleRun({ id: 'secret' }));
    symlinkSync(outside, join(dir, 'link'));
    const server = await served(dir);
    const answer = await listed(server);
    expect(answer.runs).toEqual([]);
    expect(answer.problems).toMatchObject([{ path: 'link', message: expect.stringContaining('not followed') }]);
    rmSync(join(dir, 'link'));
  });
});
