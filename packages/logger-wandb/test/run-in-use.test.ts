import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerNotice, RunInfo } from '@microbatch/core/logger';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wandbSink } from '../src/sink.js';
import { type ActiveRun, type StartRunOptions, startRun } from '../src/start-run.js';
import { deferred } from '../src/upload/deferred.js';
import { untilRunFree } from '../src/upload/run-users.js';
import { lockUpload } from '../src/upload/upload-lock.js';
import { emptyFolder, runFolders } from './folders.js';
import { gone, startTraining, uploaderOf } from './uplink-training.js';
import { kept } from './upload-client.js';
import { RUN, rowLines, rows } from './upload-log.js';
import { HISTORY, KEY, type UploadServer, uploadServer } from './upload-server.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('WANDB_')) vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

function start(server: UploadServer, options: StartRunOptions): Promise<ActiveRun> {
  const quiet = { quiet: true, systemMetrics: false, saveGit: false };
  return startRun({
    project: 'demo',
    id: 'abc',
    mode: 'online',
    baseUrl: server.url,
    apiKey: KEY,
    ...quiet,
    ...options,
  });
}

/** The place of a log of the run in `dir`, as a process before this one made it. */
function earlierLog(dir: string): string {
  const folder = join(dir, 'wandb', 'run-20260102_030405-abc');
  mkdirSync(join(folder, 'files'), { recursive: true });
  return join(folder, 'run-abc.wandb');
}

describe('a run that is online', () => {
  it('is refused to a second writer in the process, in its folder or another, until it has ended', async () => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const first = await start(server, { dir });
    const refused = { code: 'run-in-use', message: expect.stringContaining('the run abc is') };
    await expect(start(server, { dir })).rejects.toMatchObject(refused);
    await expect(start(server, { dir, resume: 'allow' })).rejects.toMatchObject(refused);
    await expect(start(server, { dir: emptyFolder() })).rejects.toMatchObject(refused);
    expect(runFolders(dir)).toHaveLength(1);
    first.log({ a: 1 });
    await first.finish();
    const second = await start(server, { dir, resume: 'must' });
    second.log({ a: 2 });
    await second.finish();
    expect(kept(server).lines[HISTORY]!.map((line) => JSON.parse(line!).a)).toEqual([1, 2]);
    expect(kept(server).anomalies).toEqual([]);
  });

  it('is refused to the second of two sinks, and not to offline ones', async () => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const options = { baseUrl: server.url, apiKey: KEY, dir, quiet: true, saveGit: false, systemMetrics: false };
    const policy = { kind: 'fixed', accumBatchSize: 4, logAccumBatch: true, lastWindow: 'carry', normalize: 'actual' };
    const plan = { microBatchSize: 4 };
    const run = {
      id: 'one',
      config: {},
      tags: [],
      plan,
      policy,
      logAccumBatch: true,
      startedAt: 0,
    } as never as RunInfo;
    const sinks = (['online', 'online', 'offline', 'offline'] as const).map((mode) => wandbSink({ ...options, mode }));
    const [first, second, ...offline] = sinks;
    await first!.open(run);
    expect(() => second!.open(run)).toThrow(expect.objectContaining({ code: 'run-in-use' }));
    for (const sink of offline) await sink.open(run);
    for (const sink of [first!, ...offline]) await sink.close('finished');
    expect(runFolders(dir)).toHaveLength(3);
  });

  it('and whose process crashed, goes on when that one’s uploader is done, each row once', async () => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const logPath = earlierLog(dir);
    const gate = deferred<void>();
    server.fault = async ({ kind }) => {
      if (kind === 'file_stream') await gate.promise;
      return undefined;
    };
    const training = startTraining({ logPath, baseUrl: server.url, records: [RUN, ...rows(500)], end: 'wait' });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    training.process.kill('SIGKILL');
    await training.ended;

    const notices: LoggerNotice[] = [];
    const run = await start(server, {
      dir,
      resume: 'allow',
      onNotice(notice) {
        notices.push(notice);
        gate.resolve();
      },
    });
    const message = expect.stringContaining(`process ${uploader.pid} on`);
    expect(notices).toEqual([expect.objectContaining({ code: 'run-waits', message })]);
    expect(run.step).toBe(500);
    run.log({ b: 1 });
    await run.finish();
    await gone(uploader);
    const { lines, anomalies, exitCodes } = kept(server);
    expect([lines[HISTORY]!.slice(0, 500), lines[HISTORY]!.length]).toEqual([rowLines(500), 501]);
    expect([anomalies, exitCodes]).toEqual([[], [1, 0]]);
  });

  it('and still uploaded after the time for waiting, is refused', async () => {
    const dir = emptyFolder();
    const logPath = earlierLog(dir);
    const lock = await lockUpload(logPath);
    const wait = () => untilRunFree(join(dir, 'wandb'), 'abc', { onNotice() {}, limitMs: 0 });
    const message = `the run abc is being uploaded by process ${process.pid} on`;
    await expect(wait()).rejects.toMatchObject({ code: 'run-in-use', message: expect.stringContaining(message) });
    lock.release();
    await wait();
  });
});
