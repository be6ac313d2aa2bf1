import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { uploadRun } from '../src/upload/upload-run.js';
import { exit, row, rowLines, writeLog } from './upload-log.js';
import { ENTITY, HISTORY, KEY, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

const SCRIPT = fileURLToPath(new URL('./children/upload-run.mjs', import.meta.url));

function startUpload(logPath: string, url: string): ChildProcess {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawn(process.execPath, [SCRIPT, logPath, url], { env: { ...env, UPLOAD_KEY: KEY }, stdio: 'inherit' });
}

describe('an upload that SIGKILL ends', () => {
  it.each([
    { post: 1, when: 'before the server took it' },
    { post: 1, when: 'before the answer' },
    { post: 4, when: 'before the server took it' },
    { post: 4, when: 'before the answer' },
  ])('in post $post, $when, is finished by the next one, each row once', async ({ post, when }) => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([...Array.from({ length: 40 }, (_, step) => row(step)), exit()]);
    let posts = 0;
    const isDue = (kind: string) => kind === 'file_stream' && ++posts === post;
    const child = startUpload(logPath, server.url);
    const kill = () => child.kill('SIGKILL');
    if (when === 'before the answer') {
      server.onApplied = ({ kind }) => {
        if (isDue(kind)) kill();
      };
    } else {
      server.fault = ({ kind }) => {
        if (!isDue(kind)) return undefined;
        kill();
        return 'hang';
      };
    }
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    server.fault = () => undefined;
    server.onApplied = () => {};
    const result = await uploadRun({ logPath, baseUrl: server.url, apiKey: KEY, timers: testTimers() });
    expect(result.outcome).toBe('complete');
    const run = server.runs.get(`${ENTITY}/demo/abc`)!;
    expect([run.lines[HISTORY], run.anomalies, run.exitCodes]).toEqual([rowLines(40), [], [0]]);
    // What the server took before the kill is asked for, not sent again.
    expect(run.resent).toBe(0);
  });
});
