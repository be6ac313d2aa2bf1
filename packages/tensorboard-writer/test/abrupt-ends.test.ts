import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readEvents, readScalars } from '../src/index.js';
import { collect } from './collect.js';
import { temporaryFolder } from './temporary-folder.js';

const child = (name: string) => fileURLToPath(new URL(`children/${name}.mjs`, import.meta.url));

test.each([['exit'], ['throw'], ['reject'], ['nothing left']])('ending by %s loses no point', async (how) => {
  const logDir = temporaryFolder();
  spawnSync(process.execPath, [child('end-abruptly'), logDir, how]);
  const { series, files } = await readScalars(logDir);
  expect(files.map(({ stopped }) => stopped.reason)).toEqual(['end']);
  expect([...(series.get('loss')?.steps ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(series.get('at-exit')?.steps).toHaveLength(1);
});

test.each([
  ['nothing', [Number.MAX_SAFE_INTEGER]],
  ['late', [Number.MAX_SAFE_INTEGER, 7]],
])('ending before the first value (%s) leaves a session start that hides nothing', async (how, steps) => {
  const logDir = temporaryFolder();
  spawnSync(process.execPath, [child('end-without-values'), logDir, how]);
  const events = await collect(readEvents(join(logDir, readdirSync(logDir)[0]!)));
  expect(events.filter(({ kind }) => kind === 'session').map(({ step }) => step)).toEqual(steps);
  expect(events.filter(({ kind }) => kind === 'summary')).toHaveLength(how === 'late' ? 1 : 0);
});

test('SIGKILL in a loop that never yields: what was added 250 ms before the last call is there', async () => {
  const logDir = temporaryFolder();
  const process_ = spawn(process.execPath, [child('write-forever'), logDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const reports: { step: number; time: number }[] = [];
  for await (const line of createInterface({ input: process_.stdout })) {
    reports.push(JSON.parse(line));
    if (reports.at(-1)!.time - reports[0]!.time > 400) process_.kill('SIGKILL');
  }
  const { series, files } = await readScalars(logDir);
  expect(['end', 'torn-record']).toContain(files[0]?.stopped.reason);
  const { steps, values } = series.get('loss')!;
  // Whole, in order, none missing before the end.
  expect(steps.every((step, i) => step === i && values[i] === Math.fround(i))).toBe(true);
  const promised = reports.findLast(({ time }) => time <= reports.at(-1)!.time - 250)!;
  expect(steps.length).toBeGreaterThan(promised.step);
});

test.skipIf(process.platform === 'win32')(
  'a disk that takes no more: an error with a code, and all that it took is sound',
  async () => {
    const logDir = temporaryFolder();
    // Files of more than 64 blocks fail with EFBIG, as a full disk does with ENOSPC: in the middle of a record.
    const script = 'ulimit -f 64 && exec "$0" "$@"';
    const { stdout } = spawnSync('sh', ['-c', script, process.execPath, child('fill-disk'), logDir], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual({ codes: ['EventFileError write-failed EFBIG'], closing: 'write-failed' });
    const { series, files } = await readScalars(logDir);
    expect(files[0]?.stopped.reason).toBe('torn-record');
    const { steps } = series.get('loss')!;
    expect(steps.length).toBeGreaterThan(500);
    expect(steps.every((step, i) => step === i)).toBe(true);
  },
);

const hasPrlimit = spawnSync('prlimit', ['--version']).error === undefined;

test.skipIf(!hasPrlimit)('a disk that has room again: the file goes on at the very byte', async () => {
  const logDir = temporaryFolder();
  const script = 'ulimit -S -f 64 && exec "$0" "$@"';
  const { stdout } = spawnSync('sh', ['-c', script, process.execPath, child('disk-recovers'), logDir], {
    encoding: 'utf8',
  });
  const { taken, failures } = JSON.parse(stdout);
  expect(failures).toBeGreaterThan(0);
  const { series, files } = await readScalars(logDir);
  expect(files[0]?.stopped.reason).toBe('end');
  const steps = new Set(series.get('loss')!.steps);
  expect(taken.filter((step: number) => !steps.has(step))).toEqual([]);
  expect(steps.size).toBe(series.get('loss')!.steps.length);
});
