import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readCheckpoint } from '@microbatch/tfjs/checkpoints';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runFolders } from '../../packages/logger-wandb/test/folders.js';
import { rowsByKey } from '../../packages/logger-wandb/test/merged-run.js';
import { KEY } from '../../packages/logger-wandb/test/upload-server.js';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { shownPoints, shownRows, startProcess } from '../resume/killed-run.js';
import { type FakeWandb, fakeWandb } from './fake-wandb.js';
import { run, type Server } from './programs.js';
import { serveTensorboard } from './serve-tensorboard.js';

let home: string;
let unbroken: string;
let killed: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-checkpoints-'));
  unbroken = join(home, 'unbroken');
  killed = join(home, 'killed');
  const job = { backend: 'cpu', every: { microBatches: 3 } };
  expect(await startProcess({ ...job, dir: unbroken })).toMatchObject({ code: 0 });
  // Behind validation, and inside a window.
  for (const at of [21, 22, 37]) {
    expect(await startProcess({ ...job, dir: killed }, { at })).toMatchObject({ signal: 'SIGKILL' });
  }
  expect(await startProcess({ ...job, dir: killed })).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(home, { recursive: true }));

describe('a run that was killed three times', () => {
  let server: FakeWandb;
  beforeAll(async () => {
    server = await fakeWandb(home);
  });
  afterAll(() => server?.stop());

  // Before 0.28.1, `wandb sync` begins at the server's first row unless it is told to append.
  test.each([
    { version: '0.31', append: [] },
    { version: '0.22', append: ['--append'] },
  ])('has each row once on W&B, by wandb sync $version of its folders in their order', async ({ version, append }) => {
    const project = `resume-${version}`;
    const env = { WANDB_ERROR_REPORTING: 'false', WANDB_BASE_URL: server.url, WANDB_API_KEY: KEY };
    const folders = runFolders(killed);
    expect(folders.length).toBeGreaterThan(2);
    // A copy for each client: what is synced is marked.
    const copies = join(home, project, 'wandb');
    mkdirSync(copies, { recursive: true });
    for (const [at, folder] of folders.entries()) {
      const copy = join(copies, basename(folder));
      await run('cp', ['-r', folder, copy], { cwd: home });
      const args = ['sync', '--project', project, ...(at === 0 ? [] : append), copy];
      const { exitCode, stdout, stderr } = await run(pythonProgram(`wandb-${version}`, 'wandb'), args, {
        cwd: home,
        env,
      });
      expect(exitCode, stdout + stderr).toBe(0);
    }
    const rows = (await server.history(project)) as Record<string, unknown>[];
    expect(rowsByKey(rows)).toEqual(shownRows(unbroken).history);
    expect(await server.run(project)).toMatchObject({ complete: true, exitcode: 0, anomalies: [] });
  });

  describe.each(['true', 'false'])('in TensorBoard with --load_fast=%s', (loadFast) => {
    let tensorboard: Server;
    beforeAll(async () => {
      const logDir = join(home, `logs-${loadFast}`);
      mkdirSync(logDir);
      for (const dir of [unbroken, killed]) symlinkSync(join(dir, 'tensorboard'), join(logDir, basename(dir)));
      tensorboard = await serveTensorboard(logDir, `--load_fast=${loadFast}`, '--reload_interval=1');
    });
    afterAll(() => tensorboard?.stop());

    test('shows each point once, as a run that was never stopped', async () => {
      const points = async (name: string, tag: string) => {
        const query = new URLSearchParams({ run: name, tag });
        const all = (await (
          await fetch(`${tensorboard.url}/data/plugin/scalars/scalars?${query}`)
        ).json()) as number[][];
        return all.map(([, x, value]) => `${x} ${value}`);
      };
      const tags = Object.keys(await shownPoints(unbroken, 'slow'));
      expect(tags.length).toBeGreaterThan(8);
      await vi.waitFor(
        async () => {
          for (const tag of tags) {
            const expected = await points('unbroken', tag);
            expect(expected.length).toBeGreaterThan(0);
            expect(await points('killed', tag), tag).toEqual(expected);
          }
        },
        { timeout: 60_000, interval: 500 },
      );
    });
  });
});

test('Python reads a checkpoint by the program of docs/checkpoints.md', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/checkpoints.md'), 'utf8');
  const [, program] = /```python\n([\s\S]*?)```/.exec(page)!;
  const script = join(home, 'read.py');
  writeFileSync(script, program!);
  const folder = join(killed, 'checkpoints');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const read = await run(pythonProgram('tensorboard', 'python'), [script, path], { cwd: home });
    expect(read).toMatchObject({ exitCode: 0, stderr: '' });
    const expected = readCheckpoint(path).tensors.map(({ part, name, dtype, shape, bytes }) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let sum = 0;
      for (let at = 0; at < bytes.length; at += 4) sum += view.getFloat32(at, true);
      const text = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
      return { line: `${part} ${name} ${dtype} ${text}`, sum };
    });
    const lines = read.stdout.trim().split('\n');
    expect(lines.map((line) => line.slice(0, line.lastIndexOf(' ')))).toEqual(expected.map(({ line }) => line));
    for (const [at, line] of lines.entries()) {
      expect(Number(line.slice(line.lastIndexOf(' ')))).toBeCloseTo(expected[at]!.sum, 9);
    }
  }
});
