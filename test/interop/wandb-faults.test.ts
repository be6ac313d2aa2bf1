import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWandbRun, syncRun } from '@microbatch/logger-wandb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Program, type ProgramEnd, startProgram } from '../../packages/logger-wandb/test/faults-program.js';
import { logPath, runFolders } from '../../packages/logger-wandb/test/folders.js';
import { gone, uploaderOf } from '../../packages/logger-wandb/test/uplink-training.js';
import { KEY } from '../../packages/logger-wandb/test/upload-server.js';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { type FakeWandb, fakeWandb } from './fake-wandb.js';
import { run } from './programs.js';

const ROWS = 10_000;
const PARTS = 4;

let home: string;
let server: FakeWandb;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-faults-'));
  server = await fakeWandb(home);
});
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true });
});

/** From now on, requests for a project's runs fail by this rule alone. */
async function setFault(project: string, rule?: object): Promise<void> {
  const rules = rule === undefined ? [] : [{ path: `/${project}/.*file_stream`, ...rule }];
  const { ok } = await fetch(`${server.url}/__fake__/faults`, { method: 'PUT', body: JSON.stringify(rules) });
  expect(ok).toBe(true);
}

/** Starts a program that logs a run online, and uploads it `pace` times as fast as the clock. */
async function start(project: string, { pace = 1, end = 'finish' }: { pace?: number; end?: ProgramEnd }) {
  const dir = join(home, project);
  mkdirSync(dir);
  const options = { dir, project, mode: 'online', baseUrl: server.url, captureConsole: true };
  const program = startProgram({ api: 'startRun', options, rows: ROWS, parts: PARTS, end, pace }, { cwd: dir });
  await program.told(({ opened }) => opened === true);
  return { program, dir };
}

async function logParts(program: Program, parts: number): Promise<void> {
  for (let part = 0; part < parts; part++) await program.nextPart();
}

async function expectRows(project: string, rows: number): Promise<void> {
  const expected = Array.from({ length: rows }, (_, step) => [step, Math.sin(step)]);
  const stepAndLoss = (row: unknown) => {
    const { _step, loss } = row as { _step: number; loss: number };
    return [_step, loss];
  };
  expect((await server.history(project)).map(stepAndLoss)).toEqual(expected);
}

async function expectWhole(project: string, exitcode: number): Promise<void> {
  await expectRows(project, ROWS);
  expect(await server.run(project)).toMatchObject({ complete: true, exitcode, anomalies: [] });
}

/** Waits until the server has the first half of a run. */
async function halfIsThere(project: string): Promise<void> {
  const rows = async () => (await server.history(project)).length;
  await expect.poll(rows, { timeout: 60_000, interval: 100 }).toBe(ROWS / 2);
}

async function wandbSync(version: string, folder: string, ...more: string[]): Promise<void> {
  const env = { WANDB_ERROR_REPORTING: 'false', WANDB_BASE_URL: server.url, WANDB_API_KEY: KEY };
  const wandb = pythonProgram(`wandb-${version}`, 'wandb');
  const { exitCode, stdout, stderr } = await run(wandb, ['sync', ...more, folder], { cwd: home, env });
  expect(exitCode, stdout + stderr).toBe(0);
}

// Before 0.28.1, `wandb sync` begins at the server's first row unless it is told to append, which newer ones do by themselves.
test.each([
  { version: '0.31', args: [], status: 413 },
  { version: '0.31', args: [], status: 400 },
  { version: '0.22', args: ['--append'], status: 413 },
])(
  'wandb sync ($version) finishes the fragment that a $status in mid-run leaves',
  async ({ version, args, status }) => {
    const project = `fragment-${version}-${status}`;
    const { program, dir } = await start(project, { pace: 100 });
    await logParts(program, PARTS / 2);
    await halfIsThere(project);
    await setFault(project, { status });
    await logParts(program, PARTS / 2);
    expect(await program.ended).toBe(0);
    await setFault(project);
    await expectRows(project, ROWS / 2);
    const fragment = runFolders(dir).find((folder) => folder.includes('offline-run-'))!;
    for (const command of [[], ['--append']]) {
      expect(program.stderr()).toContain(['wandb sync', ...command, fragment].join(' '));
    }
    await wandbSync(version, fragment, ...args);
    await expectWhole(project, 0);
  },
);

test('wandb sync takes a run whole that was refused from its start, and nothing of its own folder', async () => {
  const project = 'refused';
  await setFault('', { path: 'graphql', status: 401 });
  const { program, dir } = await start(project, { pace: 100 });
  await logParts(program, PARTS);
  expect(await program.ended).toBe(0);
  await setFault(project);
  for (const folder of runFolders(dir)) await wandbSync('0.31', folder);
  await expectWhole(project, 0);
});

test('syncRun finishes a run whose program and uploader were killed in mid-run', async () => {
  const project = 'killed';
  const { program, dir } = await start(project, { pace: 100, end: 'wait' });
  await logParts(program, PARTS / 2);
  await halfIsThere(project);
  const folder = runFolders(dir)[0]!;
  const uploader = uploaderOf(logPath(folder));
  await setFault(project, { drop_response: 1 });
  await logParts(program, PARTS / 2);
  await expect.poll(async () => (await server.history(project)).length).toBeGreaterThan(ROWS / 2);
  await expect.poll(() => readWandbRun(folder).history.length).toBe(ROWS);
  process.kill(uploader.pid, 'SIGKILL');
  process.kill(program.process.pid!, 'SIGKILL');
  await program.ended;
  await gone(uploader);
  await setFault(project);
  expect(await syncRun(folder, { baseUrl: server.url, apiKey: KEY })).toMatchObject({ outcome: 'complete' });
  await expectWhole(project, 1);
});

test.each([
  { fault: 'Retry-After', rule: { status: 429, headers: { 'Retry-After': '2' }, times: 2 } },
  { fault: 'a slow server', rule: { delay_ms: 5000 } },
])('the uploader alone gets over $fault, at its real pace', async ({ fault, rule }) => {
  const project = fault.replaceAll(' ', '-').toLowerCase();
  await setFault(project, rule);
  const { program } = await start(project, {});
  await logParts(program, PARTS);
  expect(await program.ended).toBe(0);
  await setFault(project);
  await expectWhole(project, 0);
});
