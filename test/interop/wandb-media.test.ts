import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ActiveRun, readWandbLog, startRun, type WandbRecord } from '@microbatch/logger-wandb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { parseLooseJson } from './loose-json.js';
import { otherPng, png } from './pictures.js';
import { run } from './programs.js';

const QUIET = { WANDB_ERROR_REPORTING: 'false', WANDB_SILENT: 'true' };

interface Logged {
  /** The run's folder. */
  readonly folder: string;
  readonly records: readonly WandbRecord[];
}

let home: string;
let python: Logged;
let ours: Logged;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-media-'));
  const inputs = { 'a.png': png, 'b.png': otherPng, 'model.bin': 'model bytes', 'sub/x.txt': 'x text' };
  for (const [path, content] of Object.entries(inputs)) {
    mkdirSync(dirname(join(home, 'in', path)), { recursive: true });
    writeFileSync(join(home, 'in', path), content);
  }
  const script = join(import.meta.dirname, 'wandb_media.py');
  const python31 = pythonProgram('wandb-0.31', 'python');
  const { exitCode, stderr } = await run(python31, [script, home], { cwd: home, env: QUIET });
  expect(exitCode, stderr).toBe(0);
  const [name] = readdirSync(join(home, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
  python = loggedIn(join(home, 'wandb', name!));

  const active = await startRun({ dir: join(home, 'ours'), id: 'media', mode: 'offline', quiet: true });
  logTheSame(active);
  await active.finish();
  ours = loggedIn(active.path);
});
afterAll(() => rmSync(home, { recursive: true }));

function loggedIn(folder: string): Logged {
  return { folder, records: readWandbLog(join(folder, 'run-media.wandb')).records };
}

/** Logs and saves what the Python script does. */
function logTheSame(active: ActiveRun): void {
  const a = { kind: 'image', png, width: 3, height: 2 } as const;
  const b = { kind: 'image', png: otherPng, width: 5, height: 4 } as const;
  const caption = (text: string) => ({ ...a, caption: text });
  const rows = [
    [1, 'x', null],
    [Number.NaN, 'ß😀"\\\x01\x7f\u2028', true],
    [Number.POSITIVE_INFINITY, null, false],
    [Number.NEGATIVE_INFINITY, '', null],
    [1e22, 'y', null],
    [1e-7, 'z', null],
    [0.1, 'z', null],
    [-0, 'z', null],
  ];
  const values = Float64Array.from({ length: 1000 }, (_, i) => 0.1 * i * i - 7);
  active.log({ img: caption('größe'), 'a/b': a, '/../x/./y..z': a, '//a//b': b });
  active.log({ nest: { deep: { im: b } }, empty: [] });
  active.log({ imgs: [caption('1'), b, a], nocap: [b, caption('2')] });
  active.log({
    t: { kind: 'table', columns: ['a', 'b', 'ü'], rows },
    'e/t': { kind: 'table', columns: ['a'], rows: [] },
  });
  active.log({
    h: { kind: 'histogram', values },
    text: { kind: 'text', text: 'ß'.repeat(70_000) },
    long: values.subarray(0, 40),
    short: values.subarray(0, 3),
  });
  active.log({ mix: [a, { kind: 'table', columns: ['a'], rows: [[1]] }] });
  active.log({ img: caption('größe') });
  active.save(join(home, 'in/sub/*'), { policy: 'end' });
  active.save(join(home, 'in/model.bin'), { base: join(home, 'in'), policy: 'now' });
  active.save(join(home, 'in/b.png'));
}

test('rows hold what Python wandb writes, but for the references to the artifacts of its tables', () => {
  expect(rowsOf(ours)).toEqual(rowsOf(python));
  expect(rowsOf(ours)).toHaveLength(7);
});

/** Each row's values by their path, without the clocks. */
function rowsOf({ records }: Logged): Record<string, unknown>[] {
  const histories = records.filter(({ type }) => type === 'history').map(({ content }) => content);
  return histories.map(({ item }) => {
    const leaves = (item as { nestedKey: string[]; valueJson: string }[])
      .map(({ nestedKey, valueJson }) => [JSON.stringify(nestedKey), valueJson] as const)
      .filter(([path]) => !/\["_(step|runtime|timestamp)"]|artifact_path"]/.test(path));
    return Object.fromEntries(leaves.map(([path, json]) => [path, withoutArtifactPaths(parseLooseJson(json))]));
  });
}

function withoutArtifactPaths(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item) => {
    if (typeof item !== 'object' || item === null) return item;
    const { artifact_path: _version, _latest_artifact_path: _latest, ...rest } = item;
    return rest;
  });
}

test('media files have the names and bytes that Python wandb gives them', () => {
  expect(mediaOf(ours)).toEqual(mediaOf(python));
  expect(mediaOf(ours).length).toBeGreaterThan(10);
});

function mediaOf({ folder }: Logged): [path: string, bytes: string][] {
  const media = join(folder, 'files/media');
  return readdirSync(media, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(media.length), readFileSync(path, 'latin1')]);
}

test('saved files are announced as Python wandb announces them', () => {
  expect(savedBy(ours)).toEqual(savedBy(python));
  expect(savedBy(ours)).toHaveLength(3);
});

function savedBy({ records }: Logged): { path: string; policy: number }[] {
  return records
    .filter(({ type }) => type === 'files')
    .flatMap(({ content }) => content.files as { path: string; policy?: number }[])
    .filter(({ path }) => !/^media\/|^requirements|^wandb-/.test(path))
    .map(({ path, policy = 0 }) => ({ path, policy }));
}
