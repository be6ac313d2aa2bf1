import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type UploadOptions, type UploadProgress, type UploadResult, uploadRun } from '../src/upload/upload-run.js';
import { exit, folderOf, openLog, RUN, row, rowLines, writeLog } from './upload-log.js';
import { ENTITY, type Fault, HISTORY, type KeptRun, type UploadServer, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

const KEY = '0123456789abcdef0123456789abcdef01234567';

function upload(server: UploadServer, logPath: string, options: Partial<UploadOptions> = {}): Promise<UploadResult> {
  return uploadRun({ logPath, baseUrl: server.url, apiKey: KEY, timers: testTimers(), ...options });
}

function kept(server: UploadServer): KeptRun {
  return server.runs.get(`${ENTITY}/demo/abc`)!;
}

function rows(count: number, padding?: string) {
  return Array.from({ length: count }, (_, step) => row(step, padding));
}

/** The server's rows and those of the log, told apart without printing megabytes. */
function firstDifference(lines: readonly (string | null)[] = [], expected: readonly string[]): string | undefined {
  if (lines.length !== expected.length) return `${lines.length} rows, not ${expected.length}`;
  const at = lines.findIndex((line, index) => line !== expected[index]);
  return at === -1 ? undefined : `row ${at} is ${lines[at]?.slice(0, 100)}`;
}

/** A source of chance that a test can repeat. */
function chance(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const output = (line: string, outputType = 1) => ({
  outputRaw: { outputType, timestamp: { seconds: 1_700_000_001, nanos: 2_000 }, line },
});

describe('uploadRun', () => {
  it('brings the whole run: rows, summary, system metrics, console, config, metrics, exit code', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([
      { metric: { name: 'trainer/step', options: { defined: true } } },
      { metric: { name: 'loss', stepMetric: 'trainer/step', options: { stepSync: true }, summary: { min: true } } },
      { config: { update: [{ nestedKey: ['opt', 'name'], valueJson: '"adam"' }] } },
      ...rows(20),
      { stats: { timestamp: { seconds: 1_700_000_010 }, item: [{ key: 'cpu', valueJson: '12.5' }] } },
      output('hel'),
      output('oops\n', 0),
      output('lo\n10%\r20%\r\n'),
      { summary: { update: [{ nestedKey: ['loss'], valueJson: '0.25' }] } },
      { summary: { update: [{ nestedKey: ['best', 'loss'], valueJson: '-Infinity' }] } },
      exit(3),
    ]);
    const result = await upload(server, logPath);
    expect(result).toMatchObject({
      outcome: 'complete',
      url: `${server.url}/${ENTITY}/demo/runs/abc`,
      acknowledged: { history: 20, events: 1, output: 3 },
    });
    const run = kept(server);
    expect(run.lines[HISTORY]).toEqual(rowLines(20));
    expect(run.lines['wandb-events.jsonl']).toEqual([
      '{"_wandb":true,"_timestamp":1700000010,"_runtime":10,"system.cpu":12.5}',
    ]);
    const time = '2023-11-14T22:13:21.000002';
    expect(run.lines['output.log']).toEqual([`ERROR ${time} oops`, `${time} hello`, `${time} 20%`]);
    expect(run.summary).toBe('{"loss":0.25,"best":{"loss":-Infinity}}');
    expect(run.config).toEqual({
      lr: { value: 0.1 },
      opt: { value: { name: 'adam' } },
      _wandb: {
        value: {
          t: { 12: 'microbatch' },
          m: [
            { 1: 'trainer/step', 6: [3], 7: [] },
            { 1: 'loss', 5: 1, 6: [1, 3], 7: [1] },
          ],
        },
      },
    });
    expect(run.variables).toMatchObject({
      displayName: 'first try',
      tags: ['a', 'b'],
      notes: 'some notes',
      groupName: 'g',
      jobType: 'train',
      host: 'here',
    });
    expect([run.exitCodes, run.anomalies, run.upserts]).toEqual([[3], [], 1]);
  });

  it('ends a log without an exit record as failed, and sends nothing of a run twice', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog(rows(5));
    expect((await upload(server, logPath)).outcome).toBe('complete');
    const seen = server.requests.length;
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'complete', acknowledged: { history: 5 } });
    expect(server.requests.length).toBe(seen);
    expect(kept(server)).toMatchObject({ exitCodes: [1], anomalies: [] });
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(5));
    // What the official client leaves behind says the same.
    const synced = writeLog(rows(1));
    writeFileSync(`${synced}.synced`, '');
    expect((await upload(server, synced)).outcome).toBe('complete');
    expect(server.requests.length).toBe(seen);
  });

  it('goes on behind the lines that the run already has on the server', async () => {
    const server = await uploadServer(KEY);
    await upload(server, writeLog([...rows(4), exit()]));
    await upload(server, writeLog([row(4), row(5), exit()]));
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(6));
    expect(kept(server).anomalies).toEqual([]);
  });

  it('leaves out a line that is longer than the server takes, and says so', async () => {
    const server = await uploadServer(KEY);
    const notices: string[] = [];
    const logPath = writeLog([row(0), row(1, 'x'.repeat(11 * 1024 * 1024)), row(2), exit()]);
    await upload(server, logPath, { onNotice: ({ code }) => notices.push(code) });
    expect(kept(server).lines[HISTORY]).toEqual([rowLines(3)[0], rowLines(3)[2]]);
    expect(notices).toEqual(['line-too-long']);
  });
});

describe('under faults', () => {
  // Several posts from few rows.
  const maxPostSize = 400;
  const FAULTS: readonly (Fault | undefined)[] = [
    undefined,
    undefined,
    { status: 500 },
    { status: 502, body: '<html>bad gateway</html>' },
    { status: 429, headers: { 'retry-after': '7' } },
    { status: 408 },
    'reset',
    'lost',
    'truncated',
    'hang',
    'duplicate',
  ];

  it.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'has exactly the rows, in order, once (schedule %i)',
    async (seed) => {
      const server = await uploadServer(KEY);
      const random = chance(seed);
      const timers = testTimers(random);
      server.onHang = timers.expire;
      server.fault = () => FAULTS[Math.floor(random() * FAULTS.length)];
      const logPath = writeLog([...rows(40), exit()]);
      expect(await upload(server, logPath, { timers, maxPostSize })).toMatchObject({ outcome: 'complete' });
      const { lines, anomalies, exitCodes } = kept(server);
      expect(firstDifference(lines[HISTORY], rowLines(40))).toBeUndefined();
      expect([anomalies, exitCodes]).toEqual([[], [0]]);
    },
  );

  it('waits exactly as long as Retry-After says, and backs off with full jitter otherwise', async () => {
    const server = await uploadServer(KEY);
    const timers = testTimers(() => 0.999);
    const faults: (Fault | undefined)[] = [
      { status: 429, headers: { 'retry-after': '12.5' } },
      ...Array.from({ length: 7 }, () => ({ status: 503 })),
    ];
    server.fault = ({ kind }) => (kind === 'file_stream' ? faults.shift() : undefined);
    await upload(server, writeLog([row(0), exit()]), { timers });
    const waits = timers.waits.filter(({ reason }) => reason === 'retry').map(({ ms }) => ms / 0.999);
    expect(waits[0]! * 0.999).toBe(12_500);
    expect(waits.slice(1)).toEqual([4000, 8000, 16000, 32000, 60000, 60000, 60000].map((ms) => expect.closeTo(ms)));
  });

  it('goes on when the server was killed at any request, before or after it took it', async () => {
    const padded = rows(30);
    const records = [...padded.slice(0, 15), { files: { files: [{ path: 'a.txt' }] } }, ...padded.slice(15), exit()];
    const probe = await uploadServer(KEY);
    const whole = writeLog(records);
    writeFileSync(join(folderOf(whole), 'files', 'a.txt'), 'content');
    await upload(probe, whole, { maxPostSize });
    const total = probe.requests.length;
    expect(total).toBeGreaterThan(7);

    for (let at = 0; at < 2 * total; at++) {
      const [killAt, isApplied] = [at >> 1, at % 2 === 1];
      const server = await uploadServer(KEY);
      const logPath = writeLog(records);
      const folder = folderOf(logPath);
      writeFileSync(join(folder, 'files', 'a.txt'), 'content');
      const copy = mkdtempSync(join(tmpdir(), 'killed-'));
      const controller = new AbortController();
      // SIGKILL leaves the disk as it is at this moment: what the dying process does to it later is undone.
      const kill = () => {
        cpSync(folder, copy, { recursive: true });
        controller.abort();
      };
      let count = 0;
      server.fault = () => {
        if (isApplied || count++ !== killAt) return undefined;
        kill();
        return 'reset';
      };
      server.onApplied = () => {
        if (isApplied && count++ === killAt) kill();
      };
      await upload(server, logPath, { signal: controller.signal, maxPostSize });
      expect(controller.signal.aborted).toBe(true);
      rmSync(folder, { recursive: true });
      cpSync(copy, folder, { recursive: true });
      rmSync(copy, { recursive: true });
      server.fault = () => undefined;
      server.onApplied = () => {};
      expect((await upload(server, logPath, { maxPostSize })).outcome).toBe('complete');
      const { lines, anomalies, files, announced, isOver } = kept(server);
      expect(firstDifference(lines[HISTORY], rowLines(30))).toBeUndefined();
      expect([anomalies, isOver, files.get('a.txt')?.toString()]).toEqual([[], true, 'content']);
      expect(announced).toContain('a.txt');
    }
  });

  it('sends nothing more where another process went on with the run', async () => {
    const server = await uploadServer(KEY);
    const controller = new AbortController();
    const logPath = writeLog([...rows(30), exit()]);
    let posts = 0;
    server.onApplied = ({ kind }) => {
      if (kind === 'file_stream' && ++posts === 2) controller.abort();
    };
    expect((await upload(server, logPath, { signal: controller.signal, maxPostSize })).outcome).toBe('aborted');
    kept(server).lines[HISTORY]!.push(...rowLines(60).slice(-29));
    const before = structuredClone(kept(server).lines);
    const result = await upload(server, logPath);
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'run-continued' } });
    expect(isDeepStrictEqual(kept(server).lines, before)).toBe(true);
  });

  it('refuses a damaged upload state, rather than send rows twice', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([row(0), exit()]);
    await upload(server, logPath);
    const path = `${logPath}.upload.json`;
    const text = readFileSync(path, 'utf8');
    for (const damaged of ['', text.slice(0, 40), text.replace('"files":0', '"files":"x"'), '{"version":1}']) {
      writeFileSync(path, damaged);
      await expect(upload(server, logPath)).rejects.toMatchObject({ code: 'upload-state-damaged' });
    }
    rmSync(`${logPath}.synced`);
    writeFileSync(path, text.replace('"complete":true', '"complete":false').replace(server.url, 'https://else.where'));
    await expect(upload(server, logPath)).rejects.toMatchObject({ code: 'other-server' });
  });

  it('sends no row before it is on the disk where the rows go', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([row(0), exit()]);
    // The place where the state is written before it takes its name.
    mkdirSync(`${logPath}.upload.json.${process.pid}`);
    await expect(upload(server, logPath)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(server.requests.map(({ name }) => name)).toEqual(['UpsertBucket']);
  });

  it.each([400, 401, 403, 404, 413, 422])('ends as failed at once by %i', async (status) => {
    const server = await uploadServer(KEY);
    const timers = testTimers();
    server.fault = ({ kind }) => (kind === 'file_stream' ? { status, body: `no ${KEY} here` } : undefined);
    const result = await upload(server, writeLog([row(0), exit()]), { timers });
    const code = status === 401 || status === 403 ? 'upload-unauthorized' : 'upload-refused';
    expect(result).toMatchObject({ outcome: 'failed', acknowledged: { history: 0 }, error: { code } });
    expect(result.error!.message).toContain(`the server answered ${status}: no [key] here`);
    expect(timers.waits).toEqual([]);
  });
});

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
    expect(kept(server)).toMatchObject({ heartbeats: 2, exitCodes: [0], anomalies: [] });
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(10));
  });

  it('reads no further than it may keep while the server takes its time', async () => {
    const server = await uploadServer(KEY);
    const padding = 'm'.repeat(10_000);
    const logPath = writeLog([...rows(3000, padding), exit()]);
    let waiting = 0;
    let posts = 0;
    const onProgress = ({ read, acknowledged }: UploadProgress) => {
      posts++;
      waiting = Math.max(waiting, read.history - acknowledged.history);
    };
    const result = await upload(server, logPath, { onProgress, logEnded: new AbortController().signal });
    expect(result.acknowledged.history).toBe(3000);
    expect(firstDifference(kept(server).lines[HISTORY], rowLines(3000, padding))).toBeUndefined();
    // 4 MiB of rows of 10 kB; posts are that large, so that few are needed.
    expect(waiting).toBeLessThan(450);
    expect(posts).toBeLessThan(12);
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

describe('files', () => {
  it('are put where the server signs for, without the key, announced, and before the end', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([
      { files: { files: [{ path: 'media/a b.bin', policy: 0 }] } },
      { files: { files: [{ path: 'late.txt', policy: 1 }] } },
      { files: { files: [{ path: 'empty', policy: 0 }] } },
      {
        files: {
          files: [{ path: 'gone', policy: 0 }, { path: '../../outside', policy: 0 }, { path: '/etc/hostname' }],
        },
      },
      row(0),
      exit(),
    ]);
    const files = join(folderOf(logPath), 'files');
    const bytes = Buffer.alloc(300_000, 7);
    writeFileSync(join(files, '..', '..', 'outside'), 'not of this run');
    mkdirSync(join(files, 'media'));
    writeFileSync(join(files, 'media', 'a b.bin'), bytes);
    writeFileSync(join(files, 'late.txt'), 'late');
    writeFileSync(join(files, 'empty'), '');
    const faults: (Fault | undefined)[] = [{ status: 500 }, 'reset', { status: 403 }, undefined];
    server.fault = ({ kind }) => (kind === 'file' ? faults.shift() : undefined);
    const notices: string[] = [];
    const result = await upload(server, logPath, { onNotice: ({ message }) => notices.push(message) });
    expect(result.outcome).toBe('complete');
    const run = kept(server);
    expect([...run.files.keys()].sort()).toEqual(['empty', 'late.txt', 'media/a b.bin']);
    expect(run.files.get('media/a b.bin')!.equals(bytes)).toBe(true);
    expect(run.announced.sort()).toEqual(['empty', 'late.txt', 'media/a b.bin']);
    expect(run.anomalies).toEqual([]);
    const puts = server.requests.filter(({ kind }) => kind === 'file');
    for (const { headers, body } of puts) {
      expect(headers.authorization).toBeUndefined();
      expect(headers['transfer-encoding']).toBeUndefined();
      expect(headers['x-signed']).toBe('yes');
      expect(headers['content-length']).toBe(String(body.length));
    }
    expect(notices.length).toBe(3);
    expect(notices[0]).toContain('"gone"');
    expect(notices[1]).toContain('"../../outside" is not uploaded: it is not in files/');
  });

  it('that the server refuses do not end the run', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([{ files: { files: [{ path: 'a' }] } }, row(0), exit()]);
    writeFileSync(join(folderOf(logPath), 'files', 'a'), 'a');
    server.fault = ({ kind }) => (kind === 'file' ? { status: 403 } : undefined);
    const notices: string[] = [];
    const result = await upload(server, logPath, { onNotice: ({ code }) => notices.push(code) });
    expect([result.outcome, notices]).toEqual(['complete', ['file-not-uploaded']]);
    expect(kept(server)).toMatchObject({ announced: [], exitCodes: [0] });
  });
});

describe('the key', () => {
  it('is in nothing that the uploader says or leaves, also when the server says it back', async () => {
    const server = await uploadServer(KEY);
    const said: string[] = [];
    const encoded = Buffer.from(`api:${KEY}`).toString('base64');
    let count = 0;
    server.fault = ({ kind }) => {
      if (kind !== 'file_stream') return undefined;
      return { status: count++ < 4 ? 500 : 403, body: `you sent ${KEY} as Basic ${encoded}` };
    };
    const logPath = writeLog([row(0), exit()]);
    const result = await upload(server, logPath, {
      onNotice: (notice) => said.push(JSON.stringify(notice)),
      onProgress: (progress) => said.push(JSON.stringify(progress)),
    });
    const { message, stack, cause } = result.error!;
    said.push(
      JSON.stringify(result),
      message,
      String(stack),
      String(cause),
      readFileSync(`${logPath}.upload.json`, 'utf8'),
    );
    expect(said.length).toBeGreaterThan(5);
    for (const text of said) {
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(encoded);
    }
  });

  it.each(['', 'with space', 'with\nline', undefined])('%j is refused by name', async (apiKey) => {
    const logPath = writeLog([]);
    const options = { logPath, baseUrl: 'http://127.0.0.1:1', apiKey: apiKey as string };
    await expect(uploadRun(options)).rejects.toThrow(/^apiKey must be/);
    expect(existsSync(`${logPath}.upload.json`)).toBe(false);
  });

  it.each(['', 'api.wandb.ai', 'ftp://x', 'http://user:secret@x', 'http://x/?a=b'])(
    '%j is no baseUrl',
    async (baseUrl) => {
      const refused = uploadRun({ logPath: writeLog([]), baseUrl, apiKey: KEY });
      await expect(refused).rejects.toThrow(/^baseUrl /);
      await expect(refused).rejects.not.toThrow(/secret/);
    },
  );
});
