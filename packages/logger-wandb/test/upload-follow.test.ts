import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { UploadProgress } from '../src/upload/upload-run.js';
import { firstDifference, kept, upload } from './upload-client.js';
import { exit, openLog, RUN, row, rowLines, rows, writeLog } from './upload-log.js';
import { HISTORY, KEY, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

describe('following a log that is being written', () => {
  it('posts every 15 s at most, tells it is alive every 30 s, and ends with the exit record', async () => {
    const server = await uploadServer(KEY);
    const timers = testTimers();
    const { logPath, log } = openLog();
    log.record(RUN);
    log.record(row(0));
    log.sync();
    const start = timers.now();
    const times: number[] = [];
    let stage = 0;
    server.onApplied = ({ kind }) => {
      if (kind === 'file_stream') times.push(timers.now() - start);
    };
    timers.onIdle = (go) => {
      if (stage === 0) {
        for (let step = 1; step < 10; step++) log.record(row(step));
        log.sync();
        stage = 1;
      } else if (stage === 1 && times.length === 4) {
        log.record(exit());
        log.close();
        stage = 2;
      }
      setImmediate(go);
    };
    const result = await upload(server, logPath, { logEnded: new AbortController().signal, timers });
    expect(result).toMatchObject({ outcome: 'complete', acknowledged: { history: 10 } });
    expect(times.slice(0, 4)).toEqual([0, 15_000, 45_000, 75_000]);
    const posts = server.requests.filter(({ kind }) => kind === 'file_stream');
    expect(posts.slice(0, 4).map(({ body }) => body.toString() === '{}')).toEqual([false, false, true, true]);
    expect(kept(server)).toMatchObject({ exitCodes: [0], anomalies: [] });
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(10));
  });

  it('reads no further than it may keep while the server takes its time', async () => {
    const server = await uploadServer(KEY);
    const padding = 'm'.repeat(10_000);
    const logPath = writeLog([...rows(3000, padding), exit()]);
    let waiting = 0;
    const steps = new Set<number>();
    const onProgress = ({ read, acknowledged }: UploadProgress) => {
      steps.add(acknowledged.history);
      waiting = Math.max(waiting, read.history - acknowledged.history);
    };
    const result = await upload(server, logPath, { onProgress, logEnded: new AbortController().signal });
    expect(result.acknowledged.history).toBe(3000);
    expect(firstDifference(kept(server).lines[HISTORY], rowLines(3000, padding))).toBeUndefined();
    // 4 MiB of rows of 10 kB; posts are that large, so that few are needed.
    expect(waiting).toBeLessThan(450);
    expect(steps.size).toBeLessThan(12);
    for (const { body } of server.requests) expect(body.length).toBeLessThan(10 * 1024 * 1024);
  });

  it('waits for a run record, and finishes what a killed writer left when nobody writes any more', async () => {
    const server = await uploadServer(KEY);
    const timers = testTimers();
    const { logPath, log } = openLog();
    timers.onIdle = (go) => {
      log.record(RUN);
      log.record(row(0));
      log.sync();
      log.close();
      timers.onIdle = () => controller.abort();
      setImmediate(go);
    };
    const controller = new AbortController();
    const result = await upload(server, logPath, {
      logEnded: new AbortController().signal,
      timers,
      signal: controller.signal,
    });
    expect(result).toMatchObject({ outcome: 'aborted', acknowledged: { history: 1 } });
    expect(kept(server).exitCodes).toEqual([]);
    writeFileSync(logPath, Buffer.concat([readFileSync(logPath), Buffer.from('half a rec')]));
    const notices: string[] = [];
    await upload(server, logPath, { onNotice: ({ code }) => notices.push(code) });
    expect(notices).toEqual(['log-damaged']);
    expect(kept(server)).toMatchObject({ exitCodes: [1], anomalies: [] });
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(1));
  });

  it('reports that the user asked for the run to stop', async () => {
    const server = await uploadServer(KEY);
    server.stopped = true;
    const result = await upload(server, writeLog([row(0), exit()]));
    expect(result.stopRequested).toBe(true);
  });

  it('compresses posts only where the server announces it', async () => {
    for (const features of [[], ['FILESTREAM_GZIP']]) {
      const server = await uploadServer(KEY);
      server.features.push(...features);
      await upload(server, writeLog([...rows(100), exit()]));
      const encodings = new Set(server.requests.map(({ headers }) => headers['content-encoding']));
      expect(encodings.has('gzip')).toBe(features.length > 0);
      expect(kept(server).lines[HISTORY]).toEqual(rowLines(100));
    }
  });
});
