import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readWandbRun } from '../src/index.js';
import { logRun } from './child.js';
import { emptyFolder, runFolders } from './folders.js';
import { standInServer } from './stand-in-server.js';

const KEY = '0123456789abcdef0123456789abcdef01234567';

function names(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    ]),
  );
}

// More rows than the SDK sends at its end.
it.each([3, 12_000])('the sdk sends each of %i rows, and the log has them too', async (rows) => {
  const server = await standInServer(KEY);
  const dir = emptyFolder();
  const { code, stderr } = await logRun(
    { options: { dir, transport: 'sdk', project: 'demo' }, rows },
    { WANDB_API_KEY: KEY, WANDB_BASE_URL: server.url },
  );
  expect(code).toBe(0);
  expect(stderr).toContain(`View run at ${server.url}/stand-in/demo/runs/child`);
  expect(stderr).not.toContain(KEY);
  const run = server.run('child');
  expect(run).toMatchObject({ complete: true, exitCode: 0, config: { lr: { value: 0.1 } } });
  const arrived = (run?.lines['wandb-history.jsonl'] ?? []).map((line) => JSON.parse(line ?? 'null'));
  const { history, exit } = readWandbRun(runFolders(dir)[0]!);
  expect(history).toHaveLength(rows);
  expect(exit?.exitCode).toBe(0);
  // The SDK stamps the times itself.
  const timeless = (row: Record<string, unknown>) => ({ ...names(row), _timestamp: 0, _runtime: 0 });
  expect(arrived.map(timeless)).toEqual(history.map(timeless));
  expect(runFolders(dir)[0]).toMatch(/\/run-\d{8}_\d{6}-child$/);
});

it('goes on with the log where the server refuses the key', async () => {
  const server = await standInServer(KEY);
  const dir = emptyFolder();
  const wrong = 'f'.repeat(40);
  const { code, stderr } = await logRun(
    { options: { dir, transport: 'sdk' }, rows: 3 },
    { WANDB_API_KEY: wrong, WANDB_BASE_URL: server.url },
  );
  expect(code).toBe(0);
  expect(stderr).toMatch(/ERROR @wandb\/sdk: .*the log on disk holds every row/);
  expect(stderr).not.toContain(wrong);
  expect(readWandbRun(runFolders(dir)[0]!)).toMatchObject({ history: { length: 3 }, exit: { exitCode: 0 } });
});

it('says what to install where @wandb/sdk is missing, before it writes anything', async () => {
  const elsewhere = emptyFolder();
  const packages = fileURLToPath(new URL('../..', import.meta.url));
  for (const [from, to] of [
    ['core', '@microbatch/core'],
    ['logger-wandb', '@microbatch/logger-wandb'],
  ] as const) {
    for (const part of ['package.json', 'dist']) {
      cpSync(join(packages, from, part), join(elsewhere, 'node_modules', to, part), { recursive: true });
    }
  }
  const yaml = dirname(createRequire(import.meta.url).resolve('yaml/package.json'));
  symlinkSync(yaml, join(elsewhere, 'node_modules', 'yaml'));
  const script = join(elsewhere, 'log-run.mjs');
  mkdirSync(dirname(script), { recursive: true });
  cpSync(fileURLToPath(new URL('./children/log-run.mjs', import.meta.url)), script);
  const dir = join(elsewhere, 'out');
  const { code, stderr } = await logRun({ options: { dir, transport: 'sdk' }, rows: 3 }, {}, ([, job]) => [
    process.execPath,
    script,
    job!,
  ]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/LoggerError: transport 'sdk' needs the package @wandb\/sdk: npm install @wandb\/sdk/);
  expect(runFolders(dir)).toEqual([]);
});
