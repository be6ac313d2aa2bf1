import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { logRun } from '../packages/inspector/test/logged-run.js';
import { wandbLog } from '../packages/inspector/test/plant.js';
import { runCommand } from '../packages/inspector/test/run-command.js';
import { spawnCommand } from '../packages/inspector/test/spawn-command.js';
import { temporaryFolder } from '../packages/inspector/test/temporary-folder.js';
import { exit, folderOf, rowLines, rows, writeLog } from '../packages/logger-wandb/test/upload-log.js';
import {
  ENTITY,
  HISTORY,
  KEY,
  type KeptRun,
  type UploadServer,
  uploadServer,
} from '../packages/logger-wandb/test/upload-server.js';

function environment(server: UploadServer): Record<string, string> {
  return { WANDB_BASE_URL: server.url, WANDB_API_KEY: KEY };
}

function inEnvironment(server: UploadServer, key: string | undefined = KEY): void {
  vi.stubEnv('WANDB_BASE_URL', server.url);
  vi.stubEnv('WANDB_API_KEY', key);
  vi.stubEnv('NETRC', join(temporaryFolder(), 'none'));
  onTestFinished(() => void vi.unstubAllEnvs());
}

function keptRun(server: UploadServer, id = 'abc'): KeptRun | undefined {
  return server.runs.get(`${ENTITY}/demo/${id}`);
}

describe('microbatch sync', () => {
  it('uploads every run below a folder, once', async () => {
    const server = await uploadServer(KEY);
    inEnvironment(server);
    const dir = temporaryFolder();
    for (const id of ['a', 'b']) await logRun({ dir, id });
    const first = await runCommand(['sync', dir]);
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/-a {2}uploaded, 5 rows[\s\S]*2 uploaded, 0 there already, 0 left\n$/),
    });
    for (const id of ['a', 'b']) {
      const { lines, anomalies, exitCodes } = keptRun(server, id)!;
      expect([lines[HISTORY]!.length, anomalies, exitCodes]).toEqual([5, [], [0]]);
    }
    const requests = server.requests.length;
    const again = await runCommand(['sync', dir, '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({
      notBegun: 0,
      runs: ['a', 'b'].map((id) => ({ outcome: 'there', path: expect.stringContaining(`run-${id}.wandb`) })),
    });
    expect(server.requests.length).toBe(requests);
  });

  it('goes on, each row once, where it was killed in a request', async () => {
    const server = await uploadServer(KEY);
    const path = writeLog([...rows(2000), exit(3)]);
    const args = ['sync', folderOf(path)];
    const command = spawnCommand(args, { env: environment(server) });
    let isDue = true;
    server.onApplied = ({ kind }) => {
      if (kind !== 'file_stream' || !isDue) return;
      isDue = false;
      command.process.kill('SIGKILL');
    };
    expect(await command.ended).toBe('SIGKILL');
    const second = spawnCommand(args, { env: environment(server) });
    expect(await second.ended).toBe(0);
    expect(second.stdout()).toMatch(/uploaded/);
    const run = keptRun(server)!;
    expect([run.lines[HISTORY], run.anomalies, run.exitCodes]).toEqual([rowLines(2000), [], [3]]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('gives up at %s, says so, and goes on the next time', async (signal, exitCode) => {
    const server = await uploadServer(KEY);
    const path = writeLog([...rows(50), exit()]);
    const command = spawnCommand(['sync', folderOf(path), '--json'], { env: environment(server) });
    server.fault = ({ kind }) => (kind === 'file_stream' ? 'hang' : undefined);
    server.onHang = () => command.process.kill(signal);
    expect(await command.ended).toBe(exitCode);
    expect(JSON.parse(command.stdout())).toMatchObject({ runs: [{ outcome: 'given-up' }] });
    server.fault = () => undefined;
    const second = spawnCommand(['sync', folderOf(path)], { env: environment(server) });
    expect(await second.ended).toBe(0);
    expect(keptRun(server)).toMatchObject({ lines: { [HISTORY]: rowLines(50) }, anomalies: [], exitCodes: [0] });
  });

  it('says what is left where the server refuses one run, and uploads the others', async () => {
    const server = await uploadServer(KEY);
    inEnvironment(server);
    const dir = temporaryFolder();
    for (const id of ['a', 'b', 'c']) await logRun({ dir, id });
    server.fault = ({ kind, body }) =>
      kind === 'graphql' && body.includes('"name":"b"') ? { status: 400 } : undefined;
    const { code, stdout } = await runCommand(['sync', dir]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/-b {2}NOT uploaded[\s\S]*2 uploaded, 0 there already, 1 left\n$/);
    expect(keptRun(server, 'c')!.lines[HISTORY]).toHaveLength(5);
    expect(stdout).not.toContain(KEY);
  });

  it('shows a bar on a terminal, and colours', async () => {
    const server = await uploadServer(KEY);
    inEnvironment(server);
    const path = writeLog([...rows(50), exit()]);
    const { stdout, stderr } = await runCommand(['sync', folderOf(path)], { tty: true });
    expect(stderr).toMatch(/\[.*\] \d+\/\d+ lines/);
    expect(stdout).toContain('\u001b[32muploaded\u001b[39m');
    const plain = await runCommand(['sync', folderOf(path)], { tty: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001b');
  });

  it('says what is no log', async () => {
    const server = await uploadServer(KEY);
    inEnvironment(server);
    const dir = temporaryFolder();
    await logRun({ dir });
    writeFileSync(wandbLog(dir), 'nothing of W&B');
    const { code, stdout } = await runCommand(['sync', dir]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/NOT uploaded\n {2}.*begins with/);
  });

  it('needs a key, a run, and a server’s address', async () => {
    const server = await uploadServer(KEY);
    inEnvironment(server, '');
    const dir = temporaryFolder();
    const none = await runCommand(['sync', dir]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringMatching(/there is no W&B run at/) });
    await logRun({ dir });
    expect(await runCommand(['sync', dir])).toMatchObject({ code: 2, stderr: expect.stringMatching(/WANDB_API_KEY/) });
    expect(await runCommand(['sync', dir, '--base-url', 'ftp://x'])).toMatchObject({ code: 2 });
    const listed = await runCommand(['sync', dir, '--dry-run']);
    expect(listed).toMatchObject({ code: 0, stdout: `${wandbLog(dir)}\n` });
    expect(server.requests).toEqual([]);
  });
});
