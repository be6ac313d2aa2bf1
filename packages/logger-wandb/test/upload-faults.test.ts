import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { emptyFolder } from './folders.js';
import { firstDifference, kept, upload } from './upload-client.js';
import { exit, folderOf, row, rowLines, rows, writeLog } from './upload-log.js';
import { type Fault, HISTORY, KEY, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

/** A source of chance that a test can repeat. */
function chance(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

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
    expect(total).toBeGreaterThan(12);

    for (let at = 0; at < 2 * total; at++) {
      const [killAt, isApplied] = [at >> 1, at % 2 === 1];
      const server = await uploadServer(KEY);
      const logPath = writeLog(records);
      const folder = folderOf(logPath);
      writeFileSync(join(folder, 'files', 'a.txt'), 'content');
      const copy = emptyFolder();
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
      const { outcome } = await upload(server, logPath, { signal: controller.signal, maxPostSize });
      if (!controller.signal.aborted) {
        // How many signs of life go out beside a file is chance: this time the upload was over before the request.
        expect([outcome, killAt > 12]).toEqual(['complete', true]);
        continue;
      }
      rmSync(folder, { recursive: true });
      cpSync(copy, folder, { recursive: true });
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
    for (const damaged of ['', text.slice(0, 40), text.replace(/"files":\d/, '"files":"x"'), '{"version":1}']) {
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
