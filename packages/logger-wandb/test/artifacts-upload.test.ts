import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { describe, expect, it } from 'vitest';
import { artifactRecord, createArtifact } from '../src/artifacts/artifact.js';
import { artifactHead } from '../src/artifacts/artifact-options.js';
import { type ActiveRun, readWandbLog, startRun } from '../src/index.js';
import type { UploadOptions, UploadResult } from '../src/upload/upload-run.js';
import { emptyFolder, logPath } from './folders.js';
import { upload } from './upload-client.js';
import { exit, row, rows, writeLog } from './upload-log.js';
import {
  type Fault,
  HISTORY,
  KEY,
  type KeptRun,
  type SeenRequest,
  type UploadServer,
  uploadServer,
} from './upload-server.js';

const FILES = {
  'model.bin': Buffer.alloc(100_000, 'weights'),
  'sub/größe.txt': Buffer.from('x'),
  empty: Buffer.alloc(0),
};

/** An ended run with what `log` made of a folder with `FILES`. Returns its log's path. */
async function logged(log: (run: ActiveRun, folder: string) => Promise<unknown>): Promise<string> {
  const dir = emptyFolder();
  const folder = join(dir, 'in');
  for (const [path, bytes] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const bare = { saveGit: false, systemMetrics: false };
  const run = await startRun({ dir, mode: 'offline', quiet: true, project: 'demo', id: 'abc', ...bare });
  run.log({ loss: 1 });
  await log(run, folder);
  await run.finish();
  return logPath(run.path);
}

const oneModel = () => logged((run, folder) => run.logArtifact(folder, { name: 'model', type: 'model' }));

function keptRun(server: UploadServer): KeptRun {
  return [...server.runs.values()][0]!;
}

/** Which of an artifact's requests one is. */
function nameOf({ kind, name }: SeenRequest): string {
  if (kind !== 'file' || name === '') return name || 'the manifest';
  return Object.hasOwn(FILES, name) ? 'a file' : "a file of the run's own";
}

async function uploadTelling(
  server: UploadServer,
  path: string,
  options: Partial<UploadOptions> = {},
): Promise<{ result: UploadResult; notices: LoggerNotice[] }> {
  const notices: LoggerNotice[] = [];
  const result = await upload(server, path, { onNotice: (notice) => notices.push(notice), ...options });
  return { result, notices: notices.filter(({ code }) => code !== 'upload-retrying') };
}

/** That the server has the model of `oneModel`, once and whole. */
function expectModel(server: UploadServer): void {
  const { kept, anomalies, puts } = server.artifacts;
  expect(kept.map(({ isCommitted, input }) => [input.artifactCollectionName, isCommitted])).toEqual([['model', true]]);
  const stored = Object.fromEntries(puts.map(([name, bytes]) => [name, bytes.toString('latin1')]));
  const logged = Object.entries(FILES).map(([path, bytes]) => [`A0/${path}`, bytes.toString('latin1')]);
  expect(stored).toEqual(Object.fromEntries(logged));
  expect(anomalies).toEqual([]);
  const { exitCodes, lines, ...run } = keptRun(server);
  expect([run.isOver, run.anomalies, lines[HISTORY]!.length]).toEqual([true, [], 1]);
  // The last post may come twice where the upload was given up in it.
  expect(new Set(exitCodes)).toEqual(new Set([0]));
}

describe('an artifact', () => {
  it('arrives with all its files, its manifest and what is said of it, before the run is complete', async () => {
    const server = await uploadServer(KEY);
    const about = { description: 'd', metadata: { acc: 0.5 }, aliases: ['best'], tags: ['t'] };
    const path = await logged((run, folder) => run.logArtifact(folder, { name: 'model', type: 'model', ...about }));
    let wasOver = true;
    server.onApplied = ({ name }) => {
      if (name === 'CommitArtifact') wasOver = keptRun(server).isOver;
    };
    const { result, notices } = await uploadTelling(server, path);
    expect([result.outcome, notices, wasOver]).toEqual(['complete', [], false]);
    expectModel(server);
    const [{ input, manifest }] = server.artifacts.kept as [(typeof server.artifacts.kept)[0]];
    expect(input).toMatchObject({
      entityName: 'stand-in',
      projectName: 'demo',
      runName: 'abc',
      artifactTypeName: 'model',
      description: 'd',
      metadata: '{"acc":0.5}',
      aliases: ['best', 'latest'].map((alias) => ({ artifactCollectionName: 'model', alias })),
      tags: [{ tagName: 't' }],
    });
    expect(manifest).toMatchObject({ version: 1, storagePolicyConfig: { storageLayout: 'V2' } });
    expect(JSON.stringify(manifest)).not.toContain(dirname(path));
    for (const { kind, headers, body } of server.requests) {
      if (kind !== 'file') continue;
      expect(headers.authorization).toBeUndefined();
      expect([headers['x-signed'], headers['content-length']]).toEqual(['yes', String(body.length)]);
    }
  });

  it.each([
    'CreateArtifact',
    'CreateArtifactManifest',
    'CreateArtifactFiles',
    'a file',
    'the manifest',
    'CommitArtifact',
  ])('arrives once, whatever goes wrong with %s', async (name) => {
    const faults: Fault[] = [{ status: 500 }, 'reset', 'lost', { status: 429 }];
    if (!['a file', 'the manifest'].includes(name)) faults.push('truncated');
    for (const fault of faults) {
      const server = await uploadServer(KEY);
      let isDue = true;
      server.fault = (request) => {
        if (!isDue || nameOf(request) !== name) return undefined;
        isDue = false;
        return fault;
      };
      const { result, notices } = await uploadTelling(server, await oneModel());
      expect([result.outcome, notices, isDue], JSON.stringify(fault)).toEqual(['complete', [], false]);
      expectModel(server);
    }
  });

  it('arrives once, wherever its upload is given up and started again', async () => {
    for (let at = 1, isOver = false; !isOver; at++) {
      const server = await uploadServer(KEY);
      const path = await oneModel();
      const controller = new AbortController();
      server.onApplied = () => {
        if (server.requests.length === at) controller.abort();
      };
      isOver = (await upload(server, path, { signal: controller.signal })).outcome === 'complete';
      if (!isOver) expect((await upload(server, path)).outcome, `from request ${at}`).toBe('complete');
      expectModel(server);
    }
  });

  it('is not made a second time where nobody knows any more that it was uploaded', async () => {
    const server = await uploadServer(KEY);
    const path = await oneModel();
    await upload(server, path);
    for (const suffix of ['.upload.json', '.synced']) rmSync(path + suffix);
    const { result, notices } = await uploadTelling(server, path);
    expect([result.outcome, notices]).toEqual(['complete', []]);
    expect(server.artifacts).toMatchObject({ kept: { length: 1 }, puts: { length: 3 } });
  });

  it('follows the one before it, and brings only the files that are new', async () => {
    const server = await uploadServer(KEY);
    const path = await logged(async (run, folder) => {
      await run.logArtifact(folder, { name: 'model' });
      writeFileSync(join(folder, 'new'), 'new');
      await run.logArtifact(folder, { name: 'model' });
    });
    expect((await upload(server, path)).outcome).toBe('complete');
    const { kept, puts, anomalies } = server.artifacts;
    expect([kept.length, anomalies, puts.length]).toEqual([2, [], 4]);
    const { contents } = kept[1]!.manifest as { contents: Record<string, { birthArtifactID: string }> };
    expect([contents['model.bin']!.birthArtifactID, contents.new!.birthArtifactID]).toEqual(['A0', 'A1']);
  });

  it('keeps neither rows nor signs of life waiting', async () => {
    const server = await uploadServer(KEY);
    const path = await oneModel();
    let goOn = () => {};
    const rowsAndLife = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    server.onApplied = () => {
      const { lines, heartbeats } = keptRun(server);
      if (lines[HISTORY] !== undefined && heartbeats > 0) goOn();
    };
    server.fault = async (request) => {
      if (nameOf(request) === 'a file') await rowsAndLife;
      return undefined;
    };
    expect((await upload(server, path)).outcome).toBe('complete');
    expectModel(server);
  });

  it('is found where the folder of its run was moved to', async () => {
    const server = await uploadServer(KEY);
    const path = await oneModel();
    const moved = join(emptyFolder(), 'moved');
    renameSync(dirname(path), moved);
    expect((await uploadTelling(server, logPath(moved))).notices).toEqual([]);
    expectModel(server);
  });

  it('waits for a key that the server accepts', async () => {
    const server = await uploadServer(KEY);
    const path = await oneModel();
    server.fault = ({ name }) => (name === 'CreateArtifact' ? { status: 401 } : undefined);
    const { result } = await uploadTelling(server, path);
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'upload-unauthorized' } });
    server.fault = () => undefined;
    expect((await upload(server, path)).outcome).toBe('complete');
    expectModel(server);
  });
});

describe('what can’t be uploaded of an artifact is told, and the run arrives:', () => {
  /** Changes a copy that the log names. */
  function changeCopy(path: string, change: (copy: string) => void): void {
    const { content } = readWandbLog(path).records.find(({ type }) => type === 'artifact')!;
    change((content.manifest as { contents: { localPath: string }[] }).contents[1]!.localPath);
  }

  it.each<[string, (server: UploadServer, path: string) => void, RegExp]>([
    ['a copy that is gone', (_, path) => changeCopy(path, rmSync), /copy of its file "model.bin" is gone/],
    [
      'a copy that holds something else',
      (_, path) => changeCopy(path, (copy) => writeFileSync(copy, Buffer.alloc(readFileSync(copy).length, 'other'))),
      /copy of its file "model.bin" is gone/,
    ],
    [
      'a server that refuses it',
      (server) => {
        server.fault = ({ name }) => (name === 'CreateArtifact' ? { status: 403 } : undefined);
      },
      /CreateArtifact at .* failed: the server answered 403/,
    ],
    [
      'storage that refuses a file',
      (server) => {
        server.fault = (request) => (nameOf(request) === 'a file' ? { status: 403 } : undefined);
      },
      /uploading the artifact's file .* failed: the server answered 403/,
    ],
  ])('%s', async (_, spoil, message) => {
    const server = await uploadServer(KEY);
    const path = await oneModel();
    spoil(server, path);
    const { result, notices } = await uploadTelling(server, path);
    expect(result.outcome).toBe('complete');
    expect(notices).toEqual([
      { level: 'warn', code: 'artifact-not-uploaded', message: expect.stringMatching(message) },
    ]);
    expect(notices[0]!.message).toMatch(/^the artifact "model" is not uploaded: .*; its files are in .*artifacts$/);
    expect(server.artifacts.kept.filter(({ isCommitted }) => isCommitted)).toEqual([]);
    expect(keptRun(server)).toMatchObject({ exitCodes: [0], anomalies: [] });
  });

  it.each<[string, object, RegExp]>([
    ['references', { manifest: { contents: [{ path: 'a', ref: 's3://b/a', digest: 'd' }] } }, /references instead/],
    ['a part of a larger one', { incremental: true }, /a part of its files/],
    ['an artifact of several makers', { distributedId: 'd' }, /several makers/],
  ])('%s, which only another client can have logged', async (_, fields, message) => {
    const server = await uploadServer(KEY);
    const { artifact } = artifactRecord(createArtifact({ id: 'abc' }, artifactHead({ name: 'foreign' }, ''), []));
    const { manifest, ...rest } = artifact as { manifest: object };
    const { manifest: change, ...others } = fields as { manifest?: object };
    const record = { artifact: { ...rest, ...others, manifest: { ...manifest, ...change } } };
    const { result, notices } = await uploadTelling(server, writeLog([row(0), record, ...rows(2).slice(1), exit()]));
    expect([result.outcome, notices.map(({ code }) => code)]).toEqual(['complete', ['artifact-not-uploaded']]);
    expect(notices[0]!.message).toMatch(message);
    expect(server.artifacts.kept).toEqual([]);
  });
});
