import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { record } from '@microbatch/core';
import type { LoggerNotice, LogValues, RunOutcome, TrainEvent } from '@microbatch/core/logger';
import { from } from 'rxjs';
import { expect, test } from 'vitest';
import { tensorboard, tensorboardSink } from '../src/index.js';
import { shownPoints } from './shown-points.js';
import { shownValues } from './shown-values.js';
import { runInfo, smallRun } from './small-run.js';
import { temporaryFolder } from './temporary-folder.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==',
  'base64',
);
const image = { kind: 'image', png: new Uint8Array(PNG), width: 1, height: 1 } as const;

function log(microStep: number, values: LogValues): TrainEvent {
  return { type: 'log', microStep, step: 0, samples: 8 * microStep, epoch: 0, time: 1000 * microStep, values };
}

/** Writes `events` and returns the notices. */
function play(logDir: string, events: readonly TrainEvent[], options = {}): LoggerNotice[] {
  const notices: LoggerNotice[] = [];
  const sink = tensorboardSink({ logDir, ...options });
  sink.open(runInfo(true), (notice) => notices.push(notice));
  for (const event of events) sink.write([event]);
  sink.close('finished');
  return notices;
}

async function summaryOf(folder: string): Promise<[tag: string, kind: string, step: number | bigint][]> {
  return (await shownValues(folder)).map(({ tag, kind, step }) => [tag, kind, step]);
}

test('every kind of value is shown on the micro clock, with its time', async () => {
  const logDir = temporaryFolder();
  const values: LogValues = {
    raw: { kind: 'histogram', values: Float64Array.of(1, 2, 2, 5) },
    counted: { kind: 'histogram', counts: [1, 0, 3], edges: [0, 1, 2, 4] },
    image,
    words: 'plain *words*',
    text: { kind: 'text', text: '**bold**' },
    table: { kind: 'table', columns: ['a', 'b'], rows: [[1, 'x']] },
  };
  expect(play(logDir, [log(3, values)])).toEqual([]);
  const shown = await shownValues(logDir);
  expect(shown.every(({ step, wallTime }) => step === 3 && wallTime === 3)).toBe(true);
  const byTag = Object.fromEntries(shown.map((value) => [value.tag, value]));
  expect(Object.keys(byTag)).toEqual(Object.keys(values));
  expect(byTag.raw).toMatchObject({ kind: 'histogram' });
  expect(byTag.counted).toMatchObject({
    buckets: [
      { left: 0, right: 1, count: 1 },
      { left: 1, right: 2, count: 0 },
      { left: 2, right: 4, count: 3 },
    ],
  });
  expect(byTag.image).toMatchObject({ kind: 'image', width: 1, height: 1, images: [new Uint8Array(PNG)] });
  expect(byTag.words).toMatchObject({ kind: 'text', texts: ['plain *words*'] });
  expect(byTag.text).toMatchObject({ texts: ['**bold**'] });
  expect(byTag.table).toMatchObject({ texts: ['| a | b |\n| --- | --- |\n| 1 | x |'] });
});

test.each([
  ['micro', 5],
  ['samples', 40],
] as const)('values lie on the %s axis', async (stepAxis, step) => {
  const logDir = temporaryFolder();
  play(logDir, [log(5, { note: 'here' })], { stepAxis });
  expect(await summaryOf(logDir)).toEqual([['note', 'text', step]]);
});

test('one value for a tag and x: the latest', async () => {
  const logDir = temporaryFolder();
  play(logDir, [log(1, { note: 'a' }), log(1, { note: 'b' }), log(2, { note: 'c' })]);
  const shown = await shownValues(logDir);
  expect(shown.map((value) => [value.step, value.kind === 'text' && value.texts[0]])).toEqual([
    [1, 'b'],
    [2, 'c'],
  ]);
});

test('layout split: a value goes where its prefix says', async () => {
  const logDir = temporaryFolder();
  play(logDir, [log(1, { 'train/note': 'a', 'valid/note': 'b', note2: 'c' })], { layout: 'split' });
  expect(await summaryOf(join(logDir, 'train'))).toEqual([
    ['note', 'text', 1],
    ['note2', 'text', 1],
  ]);
  expect(await summaryOf(join(logDir, 'validation'))).toEqual([['note', 'text', 1]]);
});

test('what cannot be shown is told once for each tag, and the rest is shown', async () => {
  const logDir = temporaryFolder();
  const bad: Record<string, unknown> = {
    png: { ...image, png: Uint8Array.of(1, 2, 3) },
    bytes: { ...image, png: 'abc' },
    counts: { kind: 'histogram', counts: [1], edges: [0] },
    values: { kind: 'histogram', values: 'abc' },
    text: { kind: 'text', text: 3 },
    table: { kind: 'table', columns: ['a'], rows: [[1, 2]] },
    kind: { kind: 'video' },
    boolean: true,
    nothing: null,
  };
  const values = { ...bad, good: 1 } as LogValues;
  const notices = play(logDir, [log(1, values), log(2, values)]);
  const keys = notices.map(({ level, code, message }) => [level, code, message.split(' ')[0]]);
  expect(keys).toEqual(Object.keys(bad).map((key) => ['warn', 'value-dropped', `"${key}"`]));
  expect(await summaryOf(logDir)).toEqual([
    ['good', 'scalar', 1],
    ['good', 'scalar', 2],
  ]);
});

test('a tag stays of the kind that it began with: TensorBoard shows it in one plugin', async () => {
  const logDir = temporaryFolder();
  const notices = play(logDir, [log(1, { a: 1, b: 'text' }), log(2, { a: 'text', b: 1 }), log(3, { a: 2, b: 'more' })]);
  expect(notices.map(({ message }) => message)).toEqual([
    '"a" is not logged: it is of kind text, and its tag began with one of kind scalar',
    '"b" is not logged: it is of kind scalar, and its tag began with one of kind text',
  ]);
  expect(await summaryOf(logDir)).toEqual([
    ['a', 'scalar', 1],
    ['b', 'text', 1],
    ['a', 'scalar', 3],
    ['b', 'text', 3],
  ]);
});

test('the loss wins over a text that is logged by its name at the same x', async () => {
  const logDir = temporaryFolder();
  const events = smallRun(true).flatMap((event): TrainEvent[] =>
    event.type === 'accumulated-batch' ? [log(event.microStep, { 'train/loss': 'mine' }), event] : [event],
  );
  expect(play(logDir, events)).toEqual([]);
  expect((await shownPoints(logDir))['train/loss']).toEqual([
    [2, 3],
    [4, 1.5],
  ]);
});

test.each<[string, unknown]>([
  ['no kind', { kind: 'video' }],
  ['no PNG', { ...image, png: Uint8Array.of(1) }],
  ['not finite', { kind: 'histogram', values: Float64Array.of(Number.NaN) }],
  ['unequal rows', { kind: 'table', columns: ['a'], rows: [[1, 2]] }],
])('layout split: a validation value that cannot be shown (%s) makes no run', async (_, bad) => {
  const logDir = temporaryFolder();
  const values = { 'valid/bad': bad } as LogValues;
  const notices = play(logDir, [log(1, { loss: 1, ...values }), log(2, values)], { layout: 'split' });
  expect(notices.map(({ code }) => code)).toEqual(['value-dropped']);
  expect(readdirSync(logDir)).toEqual(['train']);

  play(logDir, [log(3, { 'valid/good': 1 })], { layout: 'split' });
  const before = readdirSync(join(logDir, 'validation'));
  play(logDir, [log(4, values)], { layout: 'split' });
  expect(readdirSync(join(logDir, 'validation'))).toEqual(before);
  play(logDir, [log(5, values), log(6, { 'valid/bad': 'now good' })], { layout: 'split' });
  expect(await summaryOf(join(logDir, 'validation'))).toEqual([
    ['good', 'scalar', 3],
    ['bad', 'text', 6],
  ]);
});

test('record() tells of a bad value as a diagnostic, and every event counts as written', async () => {
  const told: string[] = [];
  const run = smallRun(true);
  const bad = { ...log(4, { picture: { ...image, png: Uint8Array.of(0) } }), time: run.at(-1)!.time };
  const [receipt] = await record(
    from([...run.slice(0, -1), bad, run.at(-1)!]),
    [tensorboard({ logDir: temporaryFolder() })],
    {
      onDiagnostic: ({ code, message }) => told.push(`${code}: ${message}`),
    },
  );
  expect(receipt).toMatchObject({ received: 14, written: 14, errors: [] });
  expect(told).toEqual(['some: ', expect.stringMatching(/^value-dropped: "picture" is not logged: .*PNG/)]);
});

test('a disk that fails under a value is no bad value', () => {
  const logDir = temporaryFolder();
  const notices: LoggerNotice[] = [];
  const sink = tensorboardSink({ logDir });
  sink.open(runInfo(true), (notice) => notices.push(notice));
  rmSync(logDir, { recursive: true });
  const text = 'x'.repeat(100_000);
  expect(() => sink.write([log(1, { a: text }), log(2, { a: text })])).toThrow(/was deleted/);
  expect(notices).toEqual([]);
});

const hparamTags = (values: Awaited<ReturnType<typeof shownValues>>) =>
  values.flatMap(({ tag, step }) => (tag.startsWith('_hparams_') ? [[tag.slice('_hparams_/'.length), step]] : []));

test.each<[RunOutcome, string[]]>([
  ['finished', ['session_start_info', 'session_end_info']],
  ['failed', ['session_start_info', 'session_end_info']],
  ['stopped', ['session_start_info']],
])('a run with a config that ends as %s has a row in the hparams table', async (outcome, tags) => {
  for (const leave of ['close', 'exitSync'] as const) {
    const logDir = temporaryFolder();
    const sink = tensorboardSink({ logDir });
    sink.open(runInfo(true, { config: { lr: 1 } }));
    sink.flush();
    expect(hparamTags(await shownValues(logDir))).toEqual([['session_start_info', 0]]);
    sink.write(smallRun(true));
    sink[leave]!(outcome);
    expect(hparamTags(await shownValues(logDir))).toEqual(tags.map((tag) => [tag, 0]));
  }
});

test('no row without a config, and none with hparams: false', async () => {
  for (const [config, options] of [
    [{}, {}],
    [{ nothing: null }, {}],
    [{ lr: 1 }, { hparams: false }],
  ] as const) {
    const logDir = temporaryFolder();
    const sink = tensorboardSink({ logDir, layout: 'split', ...options });
    sink.open(runInfo(true, { config }));
    sink.write(smallRun(true));
    sink.close('finished');
    expect(readdirSync(logDir).sort()).toEqual(['train', 'validation']);
    expect(hparamTags(await shownValues(join(logDir, 'train')))).toEqual([]);
  }
  expect(() => tensorboardSink({ logDir: 'x', hparams: 1 as never })).toThrow(/hparams must be true or false, not 1/);
});

test("layout split: the row lies in the run's own folder, above its curves", async () => {
  const logDir = temporaryFolder();
  const sink = tensorboardSink({ logDir, layout: 'split' });
  sink.open(runInfo(true, { config: { lr: 1 } }));
  sink.write(smallRun(true));
  sink.close('finished');
  expect(await shownValues(logDir)).toHaveLength(2);
  expect(hparamTags(await shownValues(join(logDir, 'train')))).toEqual([]);
  expect(existsSync(join(logDir, 'validation'))).toBe(true);
});

test.each(['single', 'split'] as const)(
  'a text logged under the name of the loss costs no loss (layout %j)',
  async (layout) => {
    const [logDir, plain] = [temporaryFolder(), temporaryFolder()];
    const events = smallRun(true);
    const [start, ...rest] = events;
    const notices = play(logDir, [start!, log(0, { 'train/loss': 'what I expect' }), ...rest], { layout });
    play(plain, events, { layout });
    expect(notices.map(({ code }) => code)).toEqual(['value-dropped']);
    const folder = layout === 'single' ? '' : 'train';
    expect(await shownPoints(join(logDir, folder))).toEqual(await shownPoints(join(plain, folder)));
  },
);
