import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlainMessage } from '../src/log/proto.js';
import { readWandbLog } from '../src/log/read-log.js';
import { readWandbRun } from '../src/log/read-run.js';
import { writeFragment } from '../src/upload/fragment.js';
import { type UploadOptions, uploadRun } from '../src/upload/upload-run.js';
import { exit, folderOf, row, rowLines, writeLog } from './upload-log.js';
import { ENTITY, HISTORY, KEY, type UploadServer, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

function upload(server: UploadServer, logPath: string, options: Partial<UploadOptions> = {}) {
  return uploadRun({ logPath, baseUrl: server.url, apiKey: KEY, timers: testTimers(), maxPostSize: 400, ...options });
}

const output = (line: string) => ({ outputRaw: { outputType: 1, timestamp: { seconds: 1_700_000_001 }, line } });
const time = '2023-11-14T22:13:21.000000';

/** Rows, console output that no record boundary respects, system metrics, a file. */
const RECORDS: PlainMessage[] = [
  ...Array.from({ length: 20 }, (_, step) => row(step)),
  { files: { files: [{ path: 'a.txt' }] } },
  output('one\ntw'),
  output('o\nthree\nfo'),
  { stats: { timestamp: { seconds: 1_700_000_010 }, item: [{ key: 'cpu', valueJson: '12.5' }] } },
  ...Array.from({ length: 20 }, (_, step) => row(20 + step)),
  output('ur'),
  { summary: { update: [{ nestedKey: ['_step'], valueJson: '39' }] } },
  exit(0),
];

function wholeLog(): string {
  const logPath = writeLog(RECORDS);
  writeFileSync(join(folderOf(logPath), 'files', 'a.txt'), 'content');
  return logPath;
}

/** The offline upload that finishes a run as the official client does: it appends to what the server has. */
async function syncFragment(server: UploadServer, folder: string): Promise<void> {
  server.fault = () => undefined;
  expect((await upload(server, join(folder, 'run-abc.wandb'))).outcome).toBe('complete');
}

describe('a fragment', () => {
  it('holds what the server refused, after any number of posts, so that both together are the run', async () => {
    for (let refused = 0; ; refused++) {
      const server = await uploadServer(KEY);
      const logPath = wholeLog();
      let posts = 0;
      server.fault = ({ kind }) => (kind === 'file_stream' && posts++ >= refused ? { status: 413 } : undefined);
      const result = await upload(server, logPath);
      if (result.outcome === 'complete') {
        expect(refused).toBeGreaterThan(5);
        break;
      }
      expect(result.outcome).toBe('failed');
      const folder = (await writeFragment(logPath))!;
      expect(basename(folder)).toMatch(/^offline-run-\d{8}_\d{6}-abc$/);
      expect(dirname(folder)).toBe(dirname(folderOf(logPath)));
      expect(readWandbRun(folder).damage).toEqual([]);
      const { records } = readWandbLog(join(folder, 'run-abc.wandb'));
      expect(records.map(({ num }) => num)).toEqual(records.map((_, at) => at + 1));

      // Nothing is sent from the log itself any more, and asking again makes no second fragment.
      expect((await upload(server, logPath)).outcome).toBe('handed-over');
      expect(await writeFragment(logPath)).toBe(folder);
      expect(existsSync(`${logPath}.synced`)).toBe(true);

      await syncFragment(server, folder);
      const run = server.runs.get(`${ENTITY}/demo/abc`)!;
      expect(run.lines[HISTORY]).toEqual(rowLines(40));
      expect(run.lines['output.log']).toEqual(['one', 'two', 'three', 'four'].map((line) => `${time} ${line}`));
      expect(run.lines['wandb-events.jsonl']!.length).toBe(1);
      expect([run.anomalies, run.exitCodes, run.summary]).toEqual([[], [0], '{"_step":39}']);
      expect(run.files.get('a.txt')?.toString()).toBe('content');
    }
  });

  it('holds the whole run where the key was refused from the start', async () => {
    const server = await uploadServer('another-key');
    const logPath = wholeLog();
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'failed', error: { code: 'upload-unauthorized' } });
    const folder = (await writeFragment(logPath))!;
    const { run, history, exit: end } = readWandbRun(folder);
    expect([run.id, history.length, end?.exitCode]).toEqual(['abc', 40, 0]);
    expect(readFileSync(join(folder, 'files', 'a.txt'), 'utf8')).toBe('content');
  });

  it('leaves out rows whose answer was lost, where the server can be asked', async () => {
    const server = await uploadServer(KEY);
    const logPath = wholeLog();
    let posts = 0;
    server.fault = ({ kind }) => {
      if (kind !== 'file_stream') return undefined;
      posts++;
      return posts === 2 ? 'lost' : posts > 2 ? { status: 400 } : undefined;
    };
    expect((await upload(server, logPath)).outcome).toBe('failed');
    await syncFragment(server, (await writeFragment(logPath))!);
    const run = server.runs.get(`${ENTITY}/demo/abc`)!;
    expect([run.lines[HISTORY], run.anomalies]).toEqual([rowLines(40), []]);
  });

  it('is refused where nobody knows what arrived; uploading again asks first', async () => {
    const server = await uploadServer(KEY);
    const logPath = wholeLog();
    let posts = 0;
    server.fault = ({ kind, name }) => {
      if (name === 'RunStatus') return { status: 403 };
      if (kind !== 'file_stream') return undefined;
      posts++;
      return posts === 2 ? 'lost' : posts > 2 ? { status: 403 } : undefined;
    };
    expect((await upload(server, logPath)).outcome).toBe('failed');
    await expect(writeFragment(logPath)).rejects.toMatchObject({ code: 'fragment-ambiguous' });
    server.fault = () => undefined;
    expect((await upload(server, logPath)).outcome).toBe('complete');
    expect(await writeFragment(logPath)).toBeUndefined();
    const run = server.runs.get(`${ENTITY}/demo/abc`)!;
    expect([run.lines[HISTORY], run.anomalies, run.exitCodes]).toEqual([rowLines(40), [], [0]]);
  });
});
