import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readWandbLog, startRun, syncRun } from '@microbatch/logger-wandb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { type FakeWandb, fakeWandb } from './fake-wandb.js';
import { run } from './programs.js';

const KEY = 'k'.repeat(40);

let home: string;
let server: FakeWandb;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-artifacts-'));
  const inputs = { 'model.bin': Buffer.alloc(300_000, 'model'), 'sub/x.txt': 'x text', 'sub/y/z': 'z', empty: '' };
  for (const [path, content] of Object.entries(inputs)) {
    mkdirSync(dirname(join(home, 'in', path)), { recursive: true });
    writeFileSync(join(home, 'in', path), content);
  }
  server = await fakeWandb(home);
});
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true });
});

/** Runs a program of an environment; what it keeps is below `home`. */
async function runPython(version: string, program: string, args: readonly string[]): Promise<void> {
  const env = {
    WANDB_ERROR_REPORTING: 'false',
    WANDB_BASE_URL: server.url,
    WANDB_API_KEY: KEY,
    WANDB_SILENT: 'true',
    WANDB_DATA_DIR: join(home, 'data'),
    WANDB_CACHE_DIR: join(home, 'cache'),
  };
  const { exitCode, stdout, stderr } = await run(pythonProgram(`wandb-${version}`, program), args, { cwd: home, env });
  expect(exitCode, stdout + stderr).toBe(0);
}

/** Logs the artifacts with Python's wandb. Returns the run's folder. */
async function logWithPython(version: string, project: string, mode: 'offline' | 'online'): Promise<string> {
  await runPython(version, 'python', [join(import.meta.dirname, 'wandb_artifacts.py'), home, project, mode]);
  const folders = readdirSync(join(home, 'wandb')).filter((name) => /^(offline-)?run-/.test(name));
  return join(home, 'wandb', folders.sort().at(-1)!);
}

/** Logs the same. Returns the run's folder. */
async function logOurs(project: string, mode: 'offline' | 'online'): Promise<string> {
  const [dir, files] = [join(home, 'ours', project), join(home, 'in')];
  const settings = { baseUrl: server.url, apiKey: KEY, quiet: true };
  const active = await startRun({ entity: 'team', project, id: 'run', mode, dir, ...settings });
  active.log({ loss: 1 });
  const sources = { 'model.bin': join(files, 'model.bin'), sub: join(files, 'sub'), 'e.txt': join(files, 'empty') };
  await active.logArtifact(sources, {
    name: 'my-model',
    type: 'model',
    description: 'd',
    metadata: { acc: 0.5, n: { x: [1, 2] } },
    aliases: ['best'],
    tags: ['tag 1'],
  });
  await active.logArtifact({ 'größe/shared.bin': join(files, 'model.bin') }, { name: 'data', type: 'dataset' });
  await active.logArtifact(join(files, 'sub'), { name: 'my-model', type: 'model' });
  await active.finish();
  return active.path;
}

type Fields = Readonly<Record<string, unknown>>;

/** An artifact as the server has it. */
interface KeptArtifact {
  /** What the server was told, but for ids that are drawn by chance. */
  readonly about: Fields;
  readonly committed: boolean;
  readonly manifest: unknown;
  /** What was put: the SHA-256 of each file by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** The artifacts of a project, by name and digest. */
async function artifactsOn(project: string): Promise<KeptArtifact[]> {
  const report = (await (await fetch(`${server.url}/__fake__/report`)).json()) as {
    artifacts: Record<string, { committed: boolean; variables: Fields }>;
    artifactFiles: Record<string, { sha256: string; json: unknown }>;
  };
  const puts = Object.entries(report.artifactFiles);
  const kept = Object.entries(report.artifacts)
    // Older clients send what newer ones send as one `input` as variables of their own.
    .map(([id, { committed, variables }]) => ({ id, committed, input: (variables.input ?? variables) as Fields }))
    .filter(({ input }) => input.projectName === project)
    .map(({ id, committed, input }) => {
      const { clientID, sequenceClientID, projectName, aliases, ...rest } = input;
      // The Python client has them in no order.
      const about = { ...rest, aliases: (aliases as { alias: string }[]).map(({ alias }) => alias).sort() };
      expect([clientID, sequenceClientID]).toEqual([CLIENT_ID, CLIENT_ID]);
      const files = puts.flatMap(([key, { sha256 }]) =>
        key.startsWith(`${id}:`) ? [[key.slice(id.length + 1), sha256]] : [],
      );
      const manifestId = Buffer.from(`Manifest:${id}`).toString('base64');
      const manifest = withoutPlaces(report.artifactFiles[manifestId]?.json, id);
      return { about: withoutNulls(about), committed, manifest, files: Object.fromEntries(files.sort()) };
    });
  const keyOf = ({ about }: KeptArtifact) => `${about.artifactCollectionName} ${about.digest}`;
  return kept.sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

const CLIENT_ID = expect.stringMatching(/^[a-z0-9]{128}$/);

/** A manifest without what only its maker's machine and this server know. */
function withoutPlaces(manifest: unknown, artifactId: string): unknown {
  const { contents, ...about } = manifest as { contents: Record<string, Fields> };
  const entries = Object.entries(contents).map(([path, { local_path: _, birthArtifactID, ...entry }]) => {
    expect(birthArtifactID).toBe(artifactId);
    return [path, entry];
  });
  return { ...about, contents: Object.fromEntries(entries) };
}

/** Go's client says null of what it has not. */
function withoutNulls(fields: Fields): Fields {
  return JSON.parse(JSON.stringify(fields), (_, value) => (value === null ? undefined : value)) as Fields;
}

test('the log has the artifacts that Python wandb writes', async () => {
  const [python, ours] = [await logWithPython('0.31', 'log', 'offline'), await logOurs('log', 'offline')];
  expect(recordsOf(ours)).toEqual(recordsOf(python));
  expect(recordsOf(ours)).toHaveLength(3);
});

/** The records of a log's artifacts, without what is drawn by chance and where files wait. */
function recordsOf(folder: string): unknown[] {
  const { records } = readWandbLog(join(folder, 'run-run.wandb'));
  return records
    .filter(({ type }) => type === 'artifact')
    .map(({ content: { clientId, sequenceClientId, manifest, aliases, ...rest } }) => {
      expect([clientId, sequenceClientId]).toEqual([CLIENT_ID, CLIENT_ID]);
      const { contents, ...about } = manifest as { contents: Fields[] };
      return {
        ...rest,
        aliases: [...(aliases as string[])].sort(),
        manifest: { ...about, contents: contents.map(({ localPath: _, ...entry }) => entry) },
      };
    });
}

describe.each(['0.31', '0.22'])('wandb sync (%s)', (version) => {
  test('uploads the artifacts of our log as those of its own', async () => {
    const [python, ours] = [`python-${version}`, `ours-${version}`];
    for (const folder of [await logWithPython(version, python, 'offline'), await logOurs(ours, 'offline')]) {
      await runPython(version, 'wandb', ['sync', folder]);
    }
    const artifacts = await artifactsOn(ours);
    expect(artifacts).toEqual(await artifactsOn(python));
    expect(artifacts.map(({ committed, files }) => [committed, Object.keys(files)])).toEqual([
      [true, ['größe/shared.bin']],
      [true, ['e.txt', 'model.bin', 'sub/x.txt', 'sub/y/z']],
      [true, ['x.txt', 'y/z']],
    ]);
    expect((await server.run(ours)).anomalies).toEqual([]);
  });
});

describe('our own upload', () => {
  let python: readonly KeptArtifact[];
  beforeAll(async () => {
    await logWithPython('0.31', 'python-online', 'online');
    // The step of the run is not in the log of an offline run, which ours is at first.
    python = (await artifactsOn('python-online')).map(({ about: { historyStep: _, ...about }, ...rest }) => {
      return { about, ...rest };
    });
    expect(python).toHaveLength(3);
  });

  test.each(['online', 'offline'] as const)(
    'leaves the artifacts that Python wandb leaves online: %s',
    async (mode) => {
      const project = `ours-${mode}`;
      const folder = await logOurs(project, mode);
      if (mode === 'offline')
        expect(await syncRun(folder, { baseUrl: server.url, apiKey: KEY })).toMatchObject({ outcome: 'complete' });
      expect(await artifactsOn(project)).toEqual(python);
      expect(await server.run(project)).toMatchObject({ complete: true, exitcode: 0, anomalies: [] });
    },
  );
});
