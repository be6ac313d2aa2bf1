import { record, type TrainEvent } from '@microbatch/core';
import type { LoggerNotice } from '@microbatch/core/logger';
import { from } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readWandbRun, startRun, syncRun, type WandbOptions, wandb } from '../src/index.js';
import { emptyFolder, runFolders } from './folders.js';
import { HISTORY, KEY, uploadServer } from './upload-server.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('WANDB_')) vi.stubEnv(name, undefined);
  vi.stubEnv('NETRC', '/no/such/file');
});
afterEach(() => void vi.unstubAllEnvs());

type Values = Readonly<Record<string, unknown>>;

interface Logged {
  /** The rows on the disk, without the clocks. */
  readonly rows: readonly Values[];
  readonly notices: readonly LoggerNotice[];
  readonly folder: string;
}

const QUIET = { quiet: true, saveGit: false, systemMetrics: false } as const;

async function byStartRun(rows: readonly Values[], options: WandbOptions): Promise<void> {
  const run = await startRun(options);
  for (const values of rows) run.log(values);
  await run.finish();
}

async function byLogger(rows: readonly Values[], options: WandbOptions): Promise<void> {
  const clocks = (step: number) => ({ microStep: step, step, samples: step, epoch: step, time: 1_700_000_000_000 });
  const policy = { kind: 'fixed', accumBatchSize: 1, logAccumBatch: true, lastWindow: 'carry', normalize: 'actual' };
  const about = { id: 'bad', name: 'bad', config: {}, tags: [], plan: { microBatchSize: 1 }, policy };
  const run = { ...about, logAccumBatch: true, startedAt: 1_700_000_000_000 };
  const batch = { loss: 1, metrics: {}, normalizer: 1, accumBatchSize: 1, windowSamples: 1, microBatches: [] };
  const events = [
    { type: 'run-start', ...clocks(0), run },
    ...rows.flatMap((values, at) => [
      { type: 'accumulated-batch', ...clocks(at + 1), ...batch },
      { type: 'log', ...clocks(at + 1), values },
    ]),
    { type: 'run-end', ...clocks(rows.length), outcome: 'finished' },
  ] as unknown as TrainEvent[];
  const [receipt] = await record(from(events), [wandb(options)], { onDiagnostic: () => {} });
  expect(receipt).toMatchObject({ errors: [], dropped: {}, written: events.length });
}

/** Columns that `wandb()` adds. */
const OWN = /^(_(step|timestamp|runtime)$|trainer\/|train\/|epoch$)/;

describe.each([
  ['startRun()', byStartRun],
  ['wandb()', byLogger],
] as const)('a value that is logged by %s', (_name, log) => {
  async function logged(...rows: readonly Values[]): Promise<Logged> {
    const dir = emptyFolder();
    const notices: LoggerNotice[] = [];
    await log(rows, { dir, ...QUIET, onNotice: (notice) => void notices.push(notice) });
    const folder = runFolders(dir)[0]!;
    const { history, damage } = readWandbRun(folder);
    expect(damage).toEqual([]);
    const users = (row: Values) => Object.fromEntries(Object.entries(row).filter(([key]) => !OWN.test(key)));
    return { rows: history.map(users), notices, folder };
  }

  it.each([
    ['a BigInt', 10n ** 15n, 1e15],
    ['a function', function named() {}, 'named'],
    ['a date', new Date(5), '1970-01-01T00:00:00.005Z'],
    ['a short typed array', new Float32Array([0.5, 2]), [0.5, 2]],
    ['a typed array of BigInts', new BigInt64Array([1n, -2n]), [1, -2]],
    ['a Buffer', Buffer.from('ab'), [97, 98]],
    ['an array with holes', [undefined, Number.NaN, -Infinity], [null, Number.NaN, -Infinity]],
    ['a set', new Set([1, 'a']), [1, 'a']],
    ['a map', new Map([[3, 'x']]), { 3: 'x' }],
    ['an error', new RangeError('too far'), 'RangeError: too far'],
    ['a regular expression', /a+/g, '/a+/g'],
    ['a URL', new URL('http://a.example/b'), 'http://a.example/b'],
    ['what says its JSON itself', { toJSON: () => ({ cents: 5 }) }, { cents: 5 }],
    ['a number in an object', Object(5), 5],
    ['a lone surrogate', 'a\ud800', 'a\ud800'],
    ['null', null, null],
    ['-0', -0, -0],
  ])('is converted: %s', async (_kind, value, expected) => {
    const { rows, notices } = await logged({ before: 1, value, after: 2 });
    expect(rows).toEqual([{ before: 1, value: expected, after: 2 }]);
    expect(notices).toEqual([]);
  });

  const cycle: Record<string, unknown> = { a: 1 };
  cycle.inner = { cycle };
  const cycleOfArrays: unknown[] = [1];
  cycleOfArrays.push([cycleOfArrays]);
  function nested(wrap: (inner: unknown) => unknown): unknown {
    let value: unknown = 1;
    for (let depth = 0; depth < 1000; depth++) value = wrap(value);
    return value;
  }

  it.each([
    ['undefined', undefined, /undefined/],
    ['a symbol', Symbol('s'), /symbol/],
    ['a cycle', cycle, /holds itself/],
    ['a cycle of arrays', cycleOfArrays, /holds itself/],
    ['objects nested 1,000 deep', nested((inner) => ({ inner })), /deeper than 100/],
    ['arrays nested 1,000 deep', nested((inner) => [inner]), /deeper than 100/],
    ['an invalid date', new Date(Number.NaN), /invalid date/],
    ['a promise', Promise.resolve(1), /class Promise/],
    ['bytes without a view', new ArrayBuffer(8), /class ArrayBuffer/],
    ['a distribution of nothing finite', new Float64Array(100).fill(Number.NaN), /finite/],
    [
      'an object that throws',
      {
        get it(): number {
          throw new Error('not now');
        },
      },
      /not now/,
    ],
  ])('and has no form is named, and the rest of the row stays: %s', async (_kind, value, reason) => {
    const { rows, notices } = await logged({ before: 1, 'the value': value, after: 2 }, { next: 3 });
    expect(rows).toEqual([{ before: 1, after: 2 }, { next: 3 }]);
    expect(notices.map(({ code }) => code)).toEqual(['value-dropped']);
    expect(notices[0]!.message).toMatch(/^"the value" is not logged: /);
    expect(notices[0]!.message).toMatch(reason);
  });

  it('keeps its key, whatever that is', async () => {
    // JSON.parse makes a key of '__proto__', where a literal does not.
    const values = JSON.parse(
      '{"a.b": 1, "a/b": 2, "": 3, "__proto__": 4, "constructor": 5, "a\\nb": 6, "\\u0000": 7}',
    );
    const inner = JSON.parse('{"nested": {"__proto__": {"x.y": 1}}}');
    const { rows, notices, folder } = await logged(values, inner);
    expect(rows.map((row) => JSON.stringify(row))).toEqual([values, inner].map((row) => JSON.stringify(row)));
    expect(notices).toEqual([]);
    const server = await uploadServer(KEY);
    expect(await syncRun(folder, { baseUrl: server.url, apiKey: KEY })).toMatchObject({ outcome: 'complete' });
    const lines = [...server.runs.values()][0]!.lines[HISTORY]!.map((line) => JSON.parse(line!) as Values);
    for (const [key, value] of Object.entries(values)) expect(Object.entries(lines[0]!)).toContainEqual([key, value]);
  });

  it('may be one of 10,000 in its row', async () => {
    const values = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`key ${at}`, at / 7]));
    const { rows } = await logged(values);
    expect(rows).toEqual([values]);
  });

  it('of 20 MB is named and left out, and the row goes on without it, online too', async () => {
    const text = 'ä'.repeat(10 * 1024 * 1024);
    const { rows, folder, notices } = await logged({ a: 1 }, { text, b: 2 }, { a: 3 });
    expect(rows).toEqual([{ a: 1 }, { b: 2 }, { a: 3 }]);
    expect(notices.map(({ code, message }) => [code, message.split(' ')[0]])).toEqual([['value-dropped', '"text"']]);
    const server = await uploadServer(KEY);
    expect((await syncRun(folder, { baseUrl: server.url, apiKey: KEY })).outcome).toBe('complete');
    const run = [...server.runs.values()][0]!;
    expect(run.lines[HISTORY]!.map((line) => (JSON.parse(line!) as Values)._step)).toEqual([0, 1, 2]);
  });

  it('of some MB each may make a row that the server does not take: it is on the disk, and keeps nothing else from it', async () => {
    const texts = { one: 'x'.repeat(6 * 1024 * 1024), two: 'y'.repeat(6 * 1024 * 1024) };
    const { rows, folder } = await logged({ a: 1 }, texts, { a: 2 });
    expect(rows[1]).toEqual(texts);
    const server = await uploadServer(KEY);
    server.fault = ({ kind, body }) =>
      kind === 'file_stream' && body.length > 10 * 1024 * 1024 ? { status: 413 } : undefined;
    const codes: string[] = [];
    const onNotice = ({ code }: LoggerNotice) => void codes.push(code);
    const result = await syncRun(folder, { baseUrl: server.url, apiKey: KEY, onNotice });
    expect(result.error).toBeUndefined();
    const run = [...server.runs.values()][0]!;
    expect(run.lines[HISTORY]!.map((line) => (JSON.parse(line!) as Values).a)).toEqual([1, 2]);
    expect([run.anomalies, run.exitCodes]).toEqual([[], [0]]);
    expect(codes).toEqual(['line-too-long', 'summary-too-long']);
    // As a file, it may have any length.
    expect(JSON.parse(run.files.get('wandb-summary.json')!.toString())).toMatchObject({ a: 2, ...texts });
  });
});

describe.each([
  ['startRun', async (options: WandbOptions): Promise<void> => void (await startRun(options))],
  ['wandb', async (options: WandbOptions): Promise<void> => void wandb(options)],
] as const)('%s()', (_name, begin) => {
  it.each([
    ['project', 'a/b', /^project .*"a\/b"/],
    ['project', 'x'.repeat(129), /^project .*128.*129/],
    ['project', '', /^project .*not empty/],
    ['entity', 'team:a', /^entity .*"team:a"/],
    ['id', 'a b?', /^id .*"a b\?"/],
    ['id', 7, /^id .*7/],
    ['name', 'n'.repeat(129), /^name .*128.*129/],
    ['tags', 'a,b', /^tags .*array.*"a,b"/],
    ['tags', ['ok', ''], /^tags\[1\] .*""/],
    ['tags', ['t'.repeat(65)], /^tags\[0\] .*64/],
    ['config', { lr: 0.1, bad: cyclic() }, /^config\.bad: .*holds itself/],
    ['config', { later: Promise.resolve() }, /^config\.later: .*class Promise/],
    ['baseUrl', 'no url', /^baseUrl /],
    ['mode', 'on-line', /^mode .*"on-line"/],
  ])('refuses the %s %j before it makes a folder', async (option, value, message) => {
    const dir = emptyFolder();
    const options = { dir, ...QUIET, [option]: value } as WandbOptions;
    const error = await begin(options).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(error!.message).toMatch(message);
    expect(runFolders(dir)).toEqual([]);
  });

  it('says what to do about a key that online mode lacks', async () => {
    const dir = emptyFolder();
    const message = expect.stringMatching(/WANDB_API_KEY.*wandb login.*'offline'/);
    await expect(begin({ dir, ...QUIET, mode: 'online' })).rejects.toMatchObject({ code: 'no-key', message });
    expect(runFolders(dir)).toEqual([]);
  });
});

it('a summary takes what has a form, and says of which value it has none', async () => {
  const codes: string[] = [];
  const onNotice = ({ code, message }: LoggerNotice) => void codes.push(`${code} ${message}`);
  const run = await startRun({ dir: emptyFolder(), ...QUIET, onNotice });
  run.summary.update({ before: 1, bad: Symbol('s'), after: new Date(5) });
  await run.finish();
  expect(readWandbRun(run.path).summary).toMatchObject({ before: 1, after: '1970-01-01T00:00:00.005Z' });
  expect(codes).toEqual([expect.stringMatching(/^value-dropped "bad" is not logged: .*symbol/)]);
});

function cyclic(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}
