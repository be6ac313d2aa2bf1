import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRun } from '../src/start-run.js';
import { syncRun } from '../src/sync-run.js';
import { lockUpload } from '../src/upload/upload-lock.js';
import type { UploadResult } from '../src/upload/upload-run.js';
import { readUploadState } from '../src/upload/upload-state.js';
import { emptyFolder } from './folders.js';
import { kept, upload } from './upload-client.js';
import { exit, folderOf, openLog, RUN, row, rowLines, rows, writeLog } from './upload-log.js';
import { HISTORY, KEY, type UploadServer, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

// Several posts from few rows.
const maxPostSize = 400;
const RESUMED = { run: { ...(RUN.run as object), resumed: true } };

function sync(server: UploadServer, path: string): Promise<UploadResult> {
  return syncRun(path, { baseUrl: server.url, apiKey: KEY });
}

/** Gives an upload up after some posts, and returns what its upload state was `staleBy` posts before. */
async function interrupted(server: UploadServer, logPath: string, posts: number, staleBy = 0): Promise<string> {
  const controller = new AbortController();
  const states: string[] = [];
  server.onApplied = ({ kind }) => {
    if (kind !== 'file_stream') return;
    states.push(readFileSync(`${logPath}.upload.json`, 'utf8'));
    if (states.length === posts) controller.abort();
  };
  expect((await upload(server, logPath, { signal: controller.signal, maxPostSize })).outcome).toBe('aborted');
  server.onApplied = () => {};
  return states[posts - 1 - staleBy]!;
}

/** What another process sent, behind what is there. */
function sendAsAnother(server: UploadServer, count: number): void {
  const lines = rowLines(1000 + count).slice(1000);
  kept(server).lines[HISTORY] = [...(kept(server).lines[HISTORY] ?? []), ...lines];
}

describe('an upload state that is older than what was sent', () => {
  it.each([true, false])(
    'is made good by the server’s last row, whether the run has ended there (%j)',
    async (isOver) => {
      const server = await uploadServer(KEY);
      const logPath = writeLog([...rows(40), exit(3)]);
      writeFileSync(`${logPath}.upload.json`, await interrupted(server, logPath, 5, 4));
      const run = kept(server);
      run.isOver = isOver;
      // A server may write JSON in its own way.
      run.lines[HISTORY]!.push(run.lines[HISTORY]!.pop()!.replaceAll(',', ', '));
      expect(await upload(server, logPath)).toMatchObject({ outcome: 'complete', acknowledged: { history: 40 } });
      expect(run.lines[HISTORY]!.map((line) => line!.replaceAll(', ', ','))).toEqual(rowLines(40));
      expect([run.anomalies, run.exitCodes]).toEqual([[], [3]]);
    },
  );

  it('because the disk took no other, ends the upload well, and the next finds nothing to send', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(40), exit(3)]);
    // The place where the state is written before it takes its name.
    const blocked = `${logPath}.upload.json.${process.pid}`;
    server.onApplied = ({ kind }) => {
      if (kind === 'file_stream') mkdirSync(blocked, { recursive: true });
    };
    const told: string[] = [];
    const onNotice = ({ code }: { code: string }) => void told.push(code);
    expect((await upload(server, logPath, { maxPostSize, onNotice })).outcome).toBe('complete');
    expect(new Set(told)).toEqual(new Set(['upload-state']));
    rmdirSync(blocked);
    server.onApplied = () => {};
    expect((await sync(server, logPath)).outcome).toBe('complete');
    const run = kept(server);
    expect([run.lines[HISTORY], run.anomalies, run.exitCodes, run.resent]).toEqual([rowLines(40), [], [3, 3], 0]);
  });

  it('opens no run again that another process went on with', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(40), exit()]);
    await interrupted(server, logPath, 3);
    sendAsAnother(server, 200);
    const run = kept(server);
    run.isOver = true;
    const { upserts, lines } = structuredClone({ upserts: run.upserts, lines: run.lines });
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'failed', error: { code: 'run-continued' } });
    expect(run).toMatchObject({ isOver: true, upserts, lines });
  });

  it('takes no other process’s rows for its own that were lost on their way', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(40), exit()]);
    await interrupted(server, logPath, 3);
    const path = `${logPath}.upload.json`;
    const state = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...state, sent: { ...state.sent, history: 35 } }));
    sendAsAnother(server, 5);
    const lines = structuredClone(kept(server).lines);
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'failed', error: { code: 'run-continued' } });
    expect(kept(server).lines).toEqual(lines);
  });
});

describe('another process’s rows', () => {
  it('that come in before the first ones go before them', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(10), exit()]);
    server.onApplied = ({ name }) => {
      if (name === 'ServerFeaturesQuery') sendAsAnother(server, 5);
    };
    expect((await upload(server, logPath)).outcome).toBe('complete');
    expect(kept(server).lines[HISTORY]!.slice(5)).toEqual(rowLines(10));
    expect(kept(server).anomalies).toEqual([]);
    expect((await readUploadState(logPath))!.base.history).toBe(5);
  });

  it('that come in later end the upload, and stay', async () => {
    const server = await uploadServer(KEY);
    const { logPath, log } = openLog();
    for (const record of [RUN, ...rows(10)]) log.record(record);
    log.sync();
    const timers = testTimers();
    const logEnded = new AbortController();
    let isSent = false;
    timers.onIdle = (go) => {
      if (kept(server).lines[HISTORY]?.length === 10 && !isSent) {
        isSent = true;
        sendAsAnother(server, 5);
        for (let step = 10; step < 20; step++) log.record(row(step));
        log.close();
      }
      setImmediate(go);
    };
    const result = await upload(server, logPath, { timers, logEnded: logEnded.signal });
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'run-continued' } });
    expect(kept(server).lines[HISTORY]).toHaveLength(15);
    expect(await readUploadState(logPath)).toMatchObject({
      continued: true,
      sent: { history: 10 },
      acknowledged: { history: 10 },
    });
  });

  it('that came after a lost post are not overwritten by its next try', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(10), exit()]);
    let isDue = true;
    server.fault = ({ kind }) => {
      if (kind !== 'file_stream' || !isDue) return undefined;
      isDue = false;
      sendAsAnother(server, 25);
      return 'reset';
    };
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'failed', error: { code: 'run-continued' } });
    expect([kept(server).lines[HISTORY]!.length, kept(server).anomalies]).toEqual([25, []]);
  });
});

describe('a server that does not say how many lines a run has', () => {
  const bucket = { id: 'id-abc', name: 'abc', project: { name: 'demo', entity: { name: 'stand-in' } } };
  const unknown = { historyLineCount: null, eventsLineCount: null, logLineCount: null };
  const upsert = JSON.stringify({ data: { upsertBucket: { bucket: { ...bucket, ...unknown }, inserted: false } } });

  it('when the run is changed is asked, and the rows go behind those that are there', async () => {
    const server = await uploadServer(KEY);
    await upload(server, writeLog([...rows(10), exit()]));
    kept(server).isOver = false;
    server.fault = ({ name }) => {
      if (name === 'UpsertBucket') return { status: 200, body: upsert };
      return name === 'RunStatus' ? { status: 403 } : undefined;
    };
    expect((await upload(server, writeLog([row(10), exit()], RESUMED))).outcome).toBe('complete');
    expect([kept(server).lines[HISTORY], kept(server).anomalies]).toEqual([rowLines(11), []]);
  });

  it('at all gets no row', async () => {
    const server = await uploadServer(KEY);
    await upload(server, writeLog([...rows(10), exit()]));
    const tail = { ...unknown, historyTail: JSON.stringify(rowLines(10).slice(-1)) };
    const model = { name: 'demo', entity: { name: 'stand-in' }, bucket: { ...bucket, ...tail } };
    server.fault = ({ name }) => {
      if (name === 'UpsertBucket') return { status: 200, body: upsert };
      return name === 'RunResumeStatus' ? { status: 200, body: JSON.stringify({ data: { model } }) } : undefined;
    };
    const logPath = writeLog([row(10), exit()], RESUMED);
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'failed', error: { code: 'upload-refused' } });
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(10));
  });
});

describe('a log', () => {
  it('that was taken while it was written goes on from there when it has grown', async () => {
    const server = await uploadServer(KEY);
    const { logPath, log } = openLog();
    for (const record of [RUN, ...rows(10)]) log.record(record);
    log.sync();
    expect((await sync(server, logPath)).outcome).toBe('complete');
    expect(kept(server).exitCodes).toEqual([1]);
    for (let step = 10; step < 20; step++) log.record(row(step));
    log.record(exit(7));
    log.close();
    expect(await sync(server, logPath)).toMatchObject({ outcome: 'complete', acknowledged: { history: 20 } });
    const { lines, exitCodes, anomalies } = kept(server);
    expect([lines[HISTORY], exitCodes, anomalies]).toEqual([rowLines(20), [1, 7], []]);
    const requests = server.requests.length;
    expect((await sync(server, logPath)).outcome).toBe('complete');
    expect(server.requests.length).toBe(requests);
  });

  it('whose folder is moved is sent no further, and from its new place each row once', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(40), exit()]);
    const folder = folderOf(logPath);
    let posts = 0;
    server.onApplied = ({ kind }) => {
      if (kind === 'file_stream' && ++posts === 3) renameSync(folder, `${folder}-moved`);
    };
    const result = await upload(server, logPath, { maxPostSize });
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'log-moved' } });
    expect(existsSync(folder)).toBe(false);
    expect((await sync(server, `${folder}-moved`)).outcome).toBe('complete');
    const { lines, exitCodes, anomalies } = kept(server);
    expect([lines[HISTORY], exitCodes, anomalies]).toEqual([rowLines(40), [0], []]);
  });

  it('waits for its writer, online or offline, and for the upload of the run’s other logs', async () => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const run = await startRun({ dir, id: 'abc', project: 'demo', mode: 'offline', quiet: true, systemMetrics: false });
    run.log({ a: 1 });
    run.flush();
    await expect(sync(server, run.path)).rejects.toMatchObject({ code: 'run-active' });
    run.log({ a: 2 });
    await run.finish();
    const folder = join(dir, 'wandb', 'run-20260102_030405-abc');
    mkdirSync(folder);
    const lock = await lockUpload(join(folder, 'run-abc.wandb'));
    await expect(sync(server, run.path)).rejects.toMatchObject({ code: 'run-in-use' });
    expect(server.requests).toEqual([]);
    lock.release();
    expect(await sync(server, run.path)).toMatchObject({ outcome: 'complete', acknowledged: { history: 2 } });
    expect(readdirSync(run.path).sort()).toEqual(
      ['files', ...['', '.synced', '.upload.json'].map((suffix) => `run-abc.wandb${suffix}`)].sort(),
    );
  });

  it('is synced by a link to its folder', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(3), exit()]);
    const link = join(dirname(folderOf(logPath)), 'latest-run');
    symlinkSync(folderOf(logPath), link);
    expect((await sync(server, link)).outcome).toBe('complete');
  });
});

describe('a crashed part of a run that another process went on with', () => {
  it('is handed over when it is synced, and then added, each row once', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(40), exit(1)]);
    // What a killed uploader leaves: the last post may have come.
    writeFileSync(`${logPath}.upload.json`, await interrupted(server, logPath, 3));
    const sentRows = kept(server).lines[HISTORY]!.length;
    const next = join(dirname(folderOf(logPath)), 'run-20260102_040506-abc', basename(logPath));
    renameSync(folderOf(writeLog([row(1000), row(1001), exit()], RESUMED)), dirname(next));
    expect((await upload(server, next)).outcome).toBe('complete');

    const { outcome, error } = await sync(server, logPath);
    expect([outcome, error!.code]).toEqual(['failed', 'run-continued']);
    const [folder] = /\S+offline-run-\S+(?=:)/.exec(error!.message)!;
    expect(kept(server)).toMatchObject({ isOver: true, exitCodes: [0] });
    expect((await sync(server, folder)).outcome).toBe('complete');
    const all = rowLines(1002);
    const { lines, anomalies } = kept(server);
    expect(lines[HISTORY]).toEqual([...all.slice(0, sentRows), ...all.slice(1000), ...all.slice(sentRows, 40)]);
    expect(anomalies).toEqual([]);
  });

  it('is not handed over where nobody knows what arrived, and says so', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...rows(40), exit(1)]);
    const state = await interrupted(server, logPath, 3);
    writeFileSync(`${logPath}.upload.json`, state);
    sendAsAnother(server, 5);
    const { sent, acknowledged } = JSON.parse(state);
    const range = `rows ${acknowledged.history} to ${sent.history - 1}`;
    const { error } = await sync(server, logPath);
    expect(error).toMatchObject({ code: 'run-continued', message: expect.stringContaining(range) });
  });
});
