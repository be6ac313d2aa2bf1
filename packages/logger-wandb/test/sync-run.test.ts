import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type SyncOptions, syncRun } from '../src/sync-run.js';
import { writeFragment } from '../src/upload/fragment.js';
import { identityOf } from '../src/upload/process-identity.js';
import { lockPath } from '../src/upload/upload-lock.js';
import type { UploadResult } from '../src/upload/upload-run.js';
import { emptyFolder } from './folders.js';
import { gone, startTraining, uploaderOf } from './uplink-training.js';
import { kept } from './upload-client.js';
import { exit, folderOf, logPlace, RUN, row, rowLines, rows, writeLog } from './upload-log.js';
import { ENTITY, HISTORY, KEY, type UploadServer, uploadServer } from './upload-server.js';

function sync(server: UploadServer, path: string, options: Partial<SyncOptions> = {}): Promise<UploadResult> {
  return syncRun(path, { baseUrl: server.url, apiKey: KEY, ...options });
}

describe('syncRun', () => {
  it.each(['its folder', 'its file'])('uploads a run by %s, and again does nothing', async (by) => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(20), exit(2)]);
    const path = by === 'its file' ? logPath : folderOf(logPath);
    const url = `${server.url}/${ENTITY}/demo/runs/abc`;
    expect(await sync(server, path)).toMatchObject({ outcome: 'complete', url, acknowledged: { history: 20 } });
    expect([kept(server).lines[HISTORY], kept(server).exitCodes]).toEqual([rowLines(20), [2]]);
    const requests = server.requests.length;
    expect(await sync(server, path)).toMatchObject({ outcome: 'complete', url });
    expect(server.requests.length).toBe(requests);
    expect(existsSync(lockPath(logPath))).toBe(false);
  });

  it('goes on, where it was given up, each row once', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(2000), exit()]);
    const controller = new AbortController();
    server.onApplied = ({ kind }) => {
      if (kind === 'file_stream') controller.abort();
    };
    expect((await sync(server, logPath, { signal: controller.signal })).outcome).toBe('aborted');
    expect((await sync(server, logPath)).outcome).toBe('complete');
    const run = kept(server);
    expect([run.lines[HISTORY], run.anomalies, run.exitCodes]).toEqual([rowLines(2000), [], [0]]);
  });

  it.each(['before the server took it', 'before the answer'])(
    'finishes a run whose uploader was killed in a post, %s, each row once',
    async (when) => {
      const server = await uploadServer(KEY);
      const logPath = logPlace();
      const kill = () => process.kill(uploaderOf(logPath).pid, 'SIGKILL');
      let isDue = true;
      if (when === 'before the answer') {
        server.onApplied = ({ kind }) => {
          if (kind !== 'file_stream' || !isDue) return;
          isDue = false;
          kill();
        };
      } else {
        server.fault = ({ kind }) => {
          if (kind !== 'file_stream' || !isDue) return undefined;
          isDue = false;
          kill();
          return 'hang';
        };
      }
      const records = [RUN, ...rows(1000)];
      const late = Array.from({ length: 1000 }, (_, step) => row(1000 + step));
      const training = startTraining({
        logPath,
        baseUrl: server.url,
        records,
        late: [...late, exit(5)],
        end: 'finish',
      });
      const { notice } = await training.told('notice');
      expect(notice).toMatchObject({ code: 'uploader-lost' });
      const { end } = await training.told('end');
      expect(end).toMatchObject({ outcome: 'failed', error: { code: 'uploader-lost' } });
      expect(await training.ended).toBe(0);
      expect((await sync(server, logPath)).outcome).toBe('complete');
      const run = kept(server);
      expect([run.lines[HISTORY], run.anomalies, run.exitCodes]).toEqual([rowLines(2000), [], [5]]);
      expect(run.resent).toBe(0);
    },
  );

  it('goes on with the fragment that a refused upload left', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(10), exit()]);
    server.fault = ({ kind }) => (kind === 'file_stream' ? { status: 413 } : undefined);
    expect(await sync(server, logPath)).toMatchObject({ outcome: 'failed', error: { code: 'upload-refused' } });
    const folder = (await writeFragment(logPath))!;
    server.fault = () => undefined;
    expect(await sync(server, folderOf(logPath))).toMatchObject({ outcome: 'complete' });
    expect(existsSync(join(folder, `${basename(logPath)}.synced`))).toBe(true);
    expect([kept(server).lines[HISTORY], kept(server).anomalies]).toEqual([rowLines(10), []]);
  });

  it('leaves a run alone that another process uploads, or still writes, and names that process', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog(rows(10));
    const me = identityOf(process.pid);
    const lock = (content: object) => writeFileSync(lockPath(logPath), JSON.stringify(content));
    lock({ uploader: me });
    const isNamed = expect.stringContaining(`process ${process.pid} on`);
    await expect(sync(server, logPath)).rejects.toMatchObject({ code: 'upload-running', message: isNamed });
    const dead = { ...me, started: `${me.started}0` };
    if (process.platform === 'linux') {
      lock({ uploader: dead, writer: me });
      await expect(sync(server, logPath)).rejects.toMatchObject({ code: 'run-active', message: isNamed });
      expect(JSON.parse(readFileSync(lockPath(logPath), 'utf8'))).toEqual({ uploader: dead, writer: me });
      lock({ uploader: dead, writer: dead });
      expect((await sync(server, logPath)).outcome).toBe('complete');
    }
    expect(existsSync(lockPath(logPath))).toBe(process.platform !== 'linux');
  });

  it('is refused where a lock is another machine’s, but not for half a lock', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(10), exit()]);
    writeFileSync(lockPath(logPath), JSON.stringify({ uploader: { pid: 1, host: 'elsewhere', started: '' } }));
    const message = expect.stringMatching(/process 1 on elsewhere.*delete .*upload\.lock/);
    await expect(sync(server, logPath)).rejects.toMatchObject({ code: 'upload-running', message });
    writeFileSync(lockPath(logPath), '{"upl');
    expect((await sync(server, logPath)).outcome).toBe('complete');
  });

  it('finds the server and the key in the environment, and says where there is no key', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(3), exit()]);
    vi.stubEnv('WANDB_BASE_URL', server.url);
    vi.stubEnv('WANDB_API_KEY', undefined);
    vi.stubEnv('NETRC', join(emptyFolder(), 'none'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const message = expect.stringMatching(/^syncRun needs an API key for http:.*WANDB_API_KEY/);
    await expect(syncRun(logPath)).rejects.toMatchObject({ code: 'no-key', message });
    vi.stubEnv('WANDB_API_KEY', KEY);
    expect((await syncRun(logPath)).outcome).toBe('complete');
    await expect(syncRun(logPath, { key: KEY } as never)).rejects.toThrow(/unknown option key \("\[hidden\]"\)/);
  });

  it('warns once of a server that is not encrypted', async () => {
    const logPath = writeLog([...rows(1), exit()]);
    const gone = new AbortController();
    gone.abort();
    const codes: string[] = [];
    await syncRun(logPath, {
      baseUrl: 'http://wandb.example',
      apiKey: KEY,
      signal: gone.signal,
      onNotice: ({ code }) => void codes.push(code),
    });
    expect(codes).toEqual(['plain-http']);
  });

  it('says what is no run', async () => {
    const server = await uploadServer(KEY);
    const folder = emptyFolder();
    await expect(sync(server, folder)).rejects.toMatchObject({ code: 'no-log' });
    await expect(sync(server, join(folder, 'gone'))).rejects.toMatchObject({ code: 'no-log' });
    await expect(sync(server, '')).rejects.toThrow(/^path must be/);
    await expect(sync(server, undefined as unknown as string)).rejects.toThrow(/^path must be/);
    for (const name of ['a.wandb', 'b.wandb']) writeFileSync(join(folder, name), 'something');
    await expect(sync(server, folder)).rejects.toThrow(/a\.wandb, b\.wandb/);
    const result = await sync(server, join(folder, 'a.wandb'));
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'not-a-log' } });
    expect(server.requests).toEqual([]);
  });
});

describe('a training that uploads', () => {
  it('keeps others from syncing its run until its uploader is gone', async () => {
    const server = await uploadServer(KEY);
    const logPath = logPlace();
    const records = [RUN, ...rows(10)];
    const training = startTraining({ logPath, baseUrl: server.url, records, end: 'wait', pace: 100 });
    await training.told('url');
    const uploader = uploaderOf(logPath);
    await expect(sync(server, logPath)).rejects.toMatchObject({ code: 'upload-running' });
    training.process.kill('SIGKILL');
    await gone(uploader);
    expect((await sync(server, logPath)).outcome).toBe('complete');
    expect([kept(server).lines[HISTORY], kept(server).exitCodes]).toEqual([rowLines(10), [1]]);
  });
});
