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

/** Kills a child that writes in a loop `afterMs` after its first report; returns what it reported of calls that returned. */
async function killWriter(logDir: string, afterMs: number): Promise<{ step: number; time: number }[]> {
  const process_ = spawn(process.execPath, [child('write-forever'), logDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const reports: { step: number; time: number }[] = [];
  for await (const line of createInterface({ input: process_.stdout })) {
    reports.push(JSON.parse(line));
    if (reports.at(-1)!.time - reports[0]!.time >= afterMs) process_.kill('SIGKILL');
  }
  return reports;
}

test('SIGKILL at 20 moments of a loop that never yields: what was added 250 ms before the last call is there', async () => {
  const killed = async (afterMs: number) => {
    const logDir = temporaryFolder();
    const reports = await killWriter(logDir, afterMs);
    const { series, files } = await readScalars(logDir);
    expect(['end', 'torn-record']).toContain(files[0]?.stopped.reason);
    const { steps, values } = series.get('loss')!;
    // Whole, in order, none missing before the end.
    expect(steps.every((step, i) => step === i && values[i] === Math.fround(i))).toBe(true);
    const promised = reports.findLast(({ time }) => time <= reports.at(-1)!.time - 250);
    expect(steps.length).toBeGreaterThan(promised?.step ?? 0);
    for await (const event of readEvents(files[0]!.path)) {
      const [value] = event.kind === 'summary' ? event.values : [];
      if (value?.kind === 'text') expect(value.texts[0]).toBe('x'.repeat(Number(event.step) % 5000));
    }
  };
  for (let round = 0; round < 10; round++) {
    // Two at a time; the moments lie between any two writes of 250 ms.
    await Promise.all([killed(280 + 47 * round), killed(300 + 400 * Math.random())]);
  }
}, 60_000);
