import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { syncRun } from '../src/sync-run.js';
import { claimLog, writerPath } from '../src/upload/log-writer.js';
import { identityOf } from '../src/upload/process-identity.js';
import { lockPath, lockUpload } from '../src/upload/upload-lock.js';
import { kept } from './upload-client.js';
import { exit, rowLines, rows, writeLog } from './upload-log.js';
import { HISTORY, KEY, uploadServer } from './upload-server.js';

const ELSEWHERE = { pid: 1, host: 'elsewhere', started: '' };
const MINUTE = 60;

/** Makes a file so much older than it is. */
function age(path: string, seconds: number): void {
  const time = statSync(path).mtimeMs / 1000 - seconds;
  utimesSync(path, time, time);
}

function virtualIntervals(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
}

describe('the lock of an upload', () => {
  it('of another machine holds for a minute after it was touched, so that a killed container’s run can be synced', async () => {
    const logPath = writeLog(rows(1));
    const path = lockPath(logPath);
    writeFileSync(path, JSON.stringify({ uploader: ELSEWHERE, writer: ELSEWHERE }));
    age(path, MINUTE - 10);
    const message = expect.stringContaining('if that is gone, try again in a minute');
    await expect(lockUpload(logPath)).rejects.toMatchObject({ code: 'upload-running', message });
    age(path, 20);
    const lock = await lockUpload(logPath);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ uploader: identityOf(process.pid) });
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it('is touched while it is held, and no other that took its place', async () => {
    virtualIntervals();
    const logPath = writeLog(rows(1));
    const path = lockPath(logPath);
    const lock = await lockUpload(logPath);
    const { mtimeMs } = statSync(path);
    age(path, 10 * MINUTE);
    vi.advanceTimersByTime(10_000);
    expect(statSync(path).mtimeMs).toBeGreaterThanOrEqual(mtimeMs);
    writeFileSync(path, JSON.stringify({ uploader: ELSEWHERE }));
    age(path, 10 * MINUTE);
    const old = statSync(path).mtimeMs;
    vi.advanceTimersByTime(10_000);
    expect(statSync(path).mtimeMs).toBe(old);
    lock.release();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ uploader: ELSEWHERE });
  });
});

describe('a log that a living process says it writes', () => {
  it('is not synced before that process lets go of it', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog(rows(5));
    const claim = claimLog(logPath);
    const sync = () => syncRun(logPath, { baseUrl: server.url, apiKey: KEY });
    const message = expect.stringContaining(`still being written by process ${process.pid} on`);
    await expect(sync()).rejects.toMatchObject({ code: 'run-active', message });
    expect([server.requests, existsSync(lockPath(logPath))]).toEqual([[], false]);
    claim.release();
    expect((await sync()).outcome).toBe('complete');
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(5));
  });

  it('is synced where that process is gone, or ended the log, and nothing stays of it', async () => {
    const server = await uploadServer(KEY);
    const [crashed, elsewhere] = [writeLog(rows(5)), writeLog(rows(5))];
    const me = identityOf(process.pid);
    if (process.platform === 'linux') writeFileSync(writerPath(crashed), JSON.stringify({ ...me, started: 'earlier' }));
    writeFileSync(writerPath(elsewhere), JSON.stringify(ELSEWHERE));
    const message = expect.stringContaining('or, if that is gone already, in a minute');
    await expect(lockUpload(elsewhere)).rejects.toMatchObject({ code: 'run-active', message });
    age(writerPath(elsewhere), MINUTE + 1);
    const ended = writeLog([...rows(5), exit()]);
    const { release } = claimLog(ended);
    for (const logPath of [crashed, elsewhere, ended]) {
      expect((await syncRun(logPath, { baseUrl: server.url, apiKey: KEY })).outcome).toBe('complete');
    }
    release();
    expect([crashed, elsewhere, ended].map((logPath) => existsSync(writerPath(logPath)))).toEqual([
      false,
      false,
      false,
    ]);
  });
});
