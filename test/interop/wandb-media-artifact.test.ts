import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRun } from '@microbatch/logger-wandb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { type FakeWandb, fakeWandb } from './fake-wandb.js';
import { parseLooseJson } from './loose-json.js';
import { run } from './programs.js';

const FILES: Readonly<Record<string, string>> = { 'model.bin': 'model bytes', 'sub/x.txt': 'x text', 'e.txt': '' };

interface Request {
  readonly method: string;
  readonly path: string;
  readonly op?: string;
  readonly variables?: { readonly input?: Readonly<Record<string, unknown>> };
  /** Of a body that is not empty. */
  readonly sha256?: string;
}

let home: string;
let server: FakeWandb;
let folder: string;
let digest: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-artifact-'));
  mkdirSync(join(home, 'in/sub'), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(home, 'in', path), text);
  server = await fakeWandb(home);
  const active = await startRun({ dir: home, id: 'r1', entity: 'team', project: 'demo', mode: 'offline', quiet: true });
  active.log({ loss: 1 });
  const about = { name: 'my-model', type: 'model', description: 'd', metadata: { acc: 0.5 }, aliases: ['best'] };
  const logged = await active.logArtifact(join(home, 'in'), { ...about, tags: ['a tag'] });
  digest = logged!.digest;
  await active.finish();
  folder = active.path;
  // What was logged is what counts.
  rmSync(join(home, 'in'), { recursive: true });
});
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true });
});

/** Uploads a copy of the run's folder; its artifacts lie where they were logged. Returns the requests. */
async function sync(version: string): Promise<Request[]> {
  const log = join(home, 'requests.jsonl');
  const before = requestsIn(log).length;
  const copy = join(home, version, 'offline-run-20260101_000000-r1');
  cpSync(folder, copy, { recursive: true });
  const env = { WANDB_ERROR_REPORTING: 'false', WANDB_BASE_URL: server.url, WANDB_API_KEY: 'k'.repeat(40) };
  const program = pythonProgram(`wandb-${version}`, 'wandb');
  const { exitCode, stdout, stderr } = await run(program, ['sync', copy], { cwd: home, env });
  expect(exitCode, stdout + stderr).toBe(0);
  return requestsIn(log).slice(before);
}

function requestsIn(log: string): Request[] {
  const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => parseLooseJson(line) as Request);
}

test.each(['0.31', '0.22'])(
  'wandb sync (%s) uploads an artifact, each file with its bytes, and commits it',
  async (version) => {
    const requests = await sync(version);
    const operations = requests.flatMap(({ op }) => (op?.includes('Artifact') ? [op] : []));
    expect([...new Set(operations)]).toEqual(
      expect.arrayContaining(['CreateArtifact', 'CreateArtifactManifest', 'CreateArtifactFiles', 'CommitArtifact']),
    );
    expect(operations.at(-1)).toBe('CommitArtifact');
    const created = requests.find(({ op }) => op === 'CreateArtifact')!.variables!;
    expect(created.input ?? created).toMatchObject({
      entityName: 'team',
      projectName: 'demo',
      runName: 'r1',
      artifactTypeName: 'model',
      description: 'd',
      metadata: expect.stringMatching(/^\{"acc": ?0\.5\}$/),
      digest,
      aliases: ['best', 'latest'].map((alias) => ({ alias, artifactCollectionName: 'my-model' })),
      tags: [{ tagName: 'a tag' }],
    });
    const put = requests.filter(({ method, path }) => method === 'PUT' && path.startsWith('/storage/artifacts/'));
    const bytesOf = new Map(put.map(({ path, sha256 }) => [decodeURIComponent(path).replace(/^[^:]*:/, ''), sha256]));
    for (const [path, text] of Object.entries(FILES)) {
      expect([...bytesOf.keys()]).toContain(path);
      const sha256 = text === '' ? undefined : createHash('sha256').update(text).digest('hex');
      expect(bytesOf.get(path), path).toBe(sha256);
    }
  },
);
