import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { describe, expect, it } from 'vitest';
import { readWandbRun } from '../src/log/read-run.js';
import { deferred } from '../src/upload/deferred.js';
import { startUplink, type UplinkOptions, type UplinkProgress } from '../src/upload/uplink.js';
import { uploaderEnvironment, uploaderFlags } from '../src/upload/uploader-environment.js';
import { completed, gone, startTraining, uploaderOf } from './uplink-training.js';
import { exit, logPlace, openLog, RUN, row, rowLines } from './upload-log.js';
import { ENTITY, HISTORY, KEY, type KeptRun, type UploadServer, uploadServer } from './upload-server.js';

const ROWS = 2000;
const records = [RUN, ...Array.from({ length: ROWS / 2 }, (_, step) => row(step))];
const late = Array.from({ length: ROWS / 2 }, (_, step) => row(ROWS / 2 + step));
/** Waits of the uploader's are 100 times as short. */
const pace = 100;

function kept(server: UploadServer): KeptRun | undefined {
  return server.runs.get(`${ENTITY}/demo/abc`);
}

function expectWhole(server: UploadServer, exitCode: number): void {
  const run = kept(server)!;
  expect([run.anomalies, run.exitCodes]).toEqual([[], [exitCode]]);
  expect(run.lines[HISTORY]).toEqual(rowLines(ROWS));
}

/** The upload of a log that holds the first half of the rows, with what it is told. */
function startHalf(
  server: UploadServer,
  told: Partial<Pick<UplinkOptions, 'onStopRequested' | 'onProgress' | 'pace'>> = {},
) {
  const { logPath, log } = openLog();
  for (const record of records) log.record(record);
  log.sync();
  const notices: LoggerNotice[] = [];
  const uplink = startUplink({
    logPath,
    baseUrl: server.url,
    apiKey: KEY,
    pace,
    onStart() {},
    onStopRequested() {},
    onNotice: (notice) => notices.push(notice),
    ...told,
  });
  return { logPath, log, uplink, notices, codes: () => notices.map(({ code }) => code) };
}

describe('a training that uploads', () => {
  it('has everything on the server when finish() resolves, and is told where', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const training = startTraining({
      logPath,
      baseUrl: server.url,
      records,
      late: [...late, exit(7)],
      end: 'finish',
      pace,
    });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    const { end } = await training.told('end');
    expectWhole(server, 7);
    const url = `${server.url}/${ENTITY}/demo/runs/abc`;
    const counts = { history: ROWS, events: 0, output: 0 };
    expect(end).toEqual({ outcome: 'complete', url, read: counts, acknowledged: counts });
    expect(await training.ended).toBe(0);
    expect(training.events.filter((event) => 'url' in event)).toEqual([{ url }]);
    await gone(uploader);
    expect(existsSync(`${logPath}.upload.lock`)).toBe(false);
  });

  it.each([
    { end: 'exit', code: 3 },
    { end: 'throw', code: 1 },
    { end: 'return', code: 0 },
  ] as const)('and ends by $end leaves every row on the server, as failed', async ({ end, code }) => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const over = completed(server, () => kept(server));
    const training = startTraining({ logPath, baseUrl: server.url, records, late, end, pace });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    expect(await training.ended).toBe(code);
    await over;
    expectWhole(server, 1);
    await gone(uploader);
    expect(existsSync(`${logPath}.synced`)).toBe(true);
  });

  it('and ends before its uploader runs leaves every row on the server', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const over = completed(server, () => kept(server));
    const training = startTraining({ logPath, baseUrl: server.url, records, late, end: 'exit at once', pace });
    expect(await training.ended).toBe(3);
    await over;
    expectWhole(server, 1);
    await expect.poll(() => existsSync(`${logPath}.synced`), { timeout: 20_000, interval: 10 }).toBe(true);
  });

  it('and lets go of the uploader after its exit record keeps its exit code', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const over = completed(server, () => kept(server));
    const end = 'exit after release';
    const training = startTraining({ logPath, baseUrl: server.url, records, late: [...late, exit(0)], end, pace });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    expect(await training.ended).toBe(0);
    await over;
    expectWhole(server, 0);
    await gone(uploader);
  });

  it.each(['SIGTERM', 'SIGKILL', 'SIGINT'] as const)(
    'and is ended by %s, as its whole process group, leaves every row on the server',
    async (signal) => {
      const server = await uploadServer(KEY);
      const logPath = logPlace();
      const over = completed(server, () => kept(server));
      const training = startTraining({ logPath, baseUrl: server.url, records, late, end: 'wait', pace });
      await training.told('written');
      const uploader = uploaderOf(logPath);
      process.kill(-training.process.pid!, signal);
      expect(await training.ended).toBe(signal);
      await over;
      expectWhole(server, 1);
      await gone(uploader);
    },
  );

  it('and is ended by SIGTERM to all processes of the job, leaves every row on the server', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const over = completed(server, () => kept(server));
    const training = startTraining({ logPath, baseUrl: server.url, records, late, end: 'wait' });
    await training.told('written');
    const uploader = uploaderOf(logPath);
    process.kill(uploader.pid, 'SIGTERM');
    process.kill(-training.process.pid!, 'SIGTERM');
    expect(await training.ended).toBe('SIGTERM');
    await over;
    expectWhole(server, 1);
    await gone(uploader);
  });

  it('hides the key from lists of processes', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const training = startTraining({ logPath, baseUrl: server.url, records, late: [exit()], end: 'wait', pace });
    await training.told('url');
    const { pid } = uploaderOf(logPath);
    if (process.platform === 'linux') {
      for (const file of ['cmdline', 'environ'])
        expect(readFileSync(`/proc/${pid}/${file}`, 'latin1')).not.toContain(KEY);
    }
    process.kill(-training.process.pid!, 'SIGKILL');
    await training.ended;
    await gone({ ...uploaderOf(logPath), pid });
  });
});

describe('the uploader', () => {
  it('takes signals for the training’s, and leaves by a second SIGTERM what syncing goes on from', async () => {
    const server = await uploadServer(KEY);
    const { logPath, log, uplink, codes } = startHalf(server);
    await uplink.started;
    const uploader = uploaderOf(logPath);
    process.kill(uploader.pid, 'SIGINT');
    process.kill(uploader.pid, 'SIGHUP');
    process.kill(uploader.pid, 'SIGTERM');
    const heartbeats = kept(server)!.heartbeats;
    await expect.poll(() => kept(server)!.heartbeats, { timeout: 20_000 }).toBeGreaterThan(heartbeats);
    process.kill(uploader.pid, 'SIGTERM');
    const end = await uplink.finish();
    expect(end).toMatchObject({
      outcome: 'failed',
      error: { code: 'upload-interrupted' },
      acknowledged: { history: 1000 },
    });
    expect(codes()).toEqual(['upload-interrupted']);
    expect(existsSync(`${logPath}.upload.lock`)).toBe(false);
    log.close();
    await gone(uploader);
  });

  it('says at once that the key is refused, and leaves a fragment when the log has ended', async () => {
    const server = await uploadServer('another key');
    const { logPath, log, uplink, notices } = startHalf(server);
    await uplink.started;
    expect(notices).toMatchObject([
      { code: 'upload-unauthorized', message: expect.stringMatching(/401.*everything is on disk/) },
    ]);
    const uploader = uploaderOf(logPath);
    for (const record of [...late, exit()]) log.record(record);
    log.close();
    const end = await uplink.finish();
    expect(end).toMatchObject({ outcome: 'handed-over', error: { code: 'upload-unauthorized' } });
    expect(basename(end!.fragment!)).toMatch(/^offline-run-/);
    expect(readWandbRun(end!.fragment!).history.length).toBe(ROWS);
    expect(notices.length).toBe(1);
    expect(JSON.stringify([notices, end])).not.toContain(KEY);
    await gone(uploader);
  });

  it('that is killed is a notice: the log goes on, and the end says what is missing', async () => {
    const server = await uploadServer(KEY);
    const { logPath, log, uplink, codes } = startHalf(server);
    await uplink.started;
    const uploader = uploaderOf(logPath);
    process.kill(uploader.pid, 'SIGKILL');
    await gone(uploader);
    await expect.poll(codes).toEqual(['uploader-lost']);
    for (const record of [...late, exit()]) log.record(record);
    log.close();
    expect(await uplink.finish()).toMatchObject({ outcome: 'failed', error: { code: 'uploader-lost' } });
    uplink.release();
  });

  it('goes, with its state on the disk, where no answer comes long after the training is gone', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const training = startTraining({ logPath, baseUrl: server.url, records, end: 'wait', pace: 2000 });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    server.fault = () => ({ status: 503 });
    training.process.kill('SIGKILL');
    await gone(uploader);
    expect(JSON.parse(readFileSync(`${logPath}.upload.json`, 'utf8'))).toMatchObject({ runId: 'abc', complete: false });
    expect(existsSync(`${logPath}.upload.lock`)).toBe(false);
  });

  it('goes soon after the training by SIGTERM, with its state on the disk, where no answer comes', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    // The 20 s of its hurry are one; the ten minutes that it would have without are more than the test waits for.
    const training = startTraining({ logPath, baseUrl: server.url, records, end: 'wait', pace: 20 });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    server.fault = () => ({ status: 503 });
    process.kill(uploader.pid, 'SIGTERM');
    training.process.kill('SIGKILL');
    await gone(uploader);
    expect(JSON.parse(readFileSync(`${logPath}.upload.json`, 'utf8'))).toMatchObject({ runId: 'abc', complete: false });
    expect(existsSync(`${logPath}.upload.lock`)).toBe(false);
  });

  it('says what it waits for where only files fail, and how far it came', async () => {
    const server = await uploadServer(KEY);
    server.fault = ({ kind }) => (kind === 'file' ? { status: 503 } : undefined);
    const sent = deferred<UplinkProgress>();
    const onProgress = (progress: UplinkProgress) => {
      if (progress.acknowledged.history === ROWS) sent.resolve(progress);
    };
    const { logPath, log, uplink } = startHalf(server, { onProgress, pace: 1 });
    await uplink.started;
    const uploader = uploaderOf(logPath);
    for (const record of [...late, exit()]) log.record(record);
    log.close();
    const end = uplink.finish();
    expect((await sent.promise).files).toEqual({ count: 2, names: ['config.yaml'] });
    expect(kept(server)!.heartbeats).toBe(0);
    server.fault = () => undefined;
    expect(await end).toMatchObject({ outcome: 'complete' });
    await gone(uploader);
  });

  it('passes on that the run is to stop, and lets finish() end before it does', async () => {
    const server = await uploadServer(KEY);
    server.stopped = true;
    const stop = deferred<void>();
    const { logPath, log, uplink } = startHalf(server, { onStopRequested: stop.resolve });
    await stop.promise;
    const uploader = uploaderOf(logPath);
    let answer: (fault: undefined) => void = () => {};
    server.fault = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    for (const record of [...late, exit()]) log.record(record);
    log.close();
    expect(await uplink.finish({ limitMs: 1 })).toBeUndefined();
    server.fault = () => undefined;
    answer(undefined);
    expect(await uplink.finish()).toMatchObject({ outcome: 'complete' });
    expectWhole(server, 0);
    await gone(uploader);
  });

  it('trusts the servers that its parent was told to trust, and no more', () => {
    const flags = ['--use-system-ca', '--tls-min-v1.3', '--dns-result-order=ipv4first'];
    expect(uploaderFlags(['--inspect', flags[1]!, '--import=./x.js'], `--max-old-space-size=9 ${flags[0]}`)).toEqual(
      flags.slice(0, 2),
    );
    expect(uploaderFlags([flags[2]!, '--require', './tls.js'])).toEqual([flags[2]]);
    expect(uploaderEnvironment({ NODE_EXTRA_CA_CERTS: 'a.pem', NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({
      NODE_EXTRA_CA_CERTS: 'a.pem',
    });
  });

  it('gets what Node and the network need of the environment, and a proxy as the Python client takes it', () => {
    const env = { PATH: '/bin', TZ: 'UTC', WANDB_API_KEY: KEY, NODE_OPTIONS: '--inspect', SSL_CERT_FILE: 'a.pem' };
    expect(uploaderEnvironment(env)).toEqual({ PATH: '/bin', TZ: 'UTC', SSL_CERT_FILE: 'a.pem' });
    expect(uploaderEnvironment({ https_proxy: 'http://p:1', no_proxy: 'inside.example' })).toEqual({
      NODE_USE_ENV_PROXY: '1',
      https_proxy: 'http://p:1',
      NO_PROXY: 'inside.example,localhost,127.0.0.1,::1',
    });
  });
});
