import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gradientAccumulation, gradientAccumulationSchedule, record, type TrainEvent } from '@microbatch/core';
import { wandb } from '@microbatch/logger-wandb';
import { from } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { eventsOfFailedRun, eventsOfRun, runOf } from './events-of-run.js';
import { expectedRows, expectedSummary, type Row } from './expected-rows.js';
import { type AboutRun, type FakeWandb, fakeWandb } from './fake-wandb.js';
import { firstDifference } from './first-difference.js';
import { mapValues } from './map-values.js';
import { run } from './programs.js';

const LARGE = 100_000;
const CLOCKS = ['trainer/micro_step', 'trainer/step', 'trainer/samples', 'epoch'];

interface Logged {
  /** The run's folder. */
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly summary: Row;
  readonly config: Readonly<Record<string, unknown>>;
  readonly exitCode: number;
}

let home: string;
const logged: Record<string, Logged> = {};

async function log(name: string, events: readonly TrainEvent[], exitCode = 0): Promise<void> {
  const dir = join(home, name);
  const logger = wandb({ dir, quiet: true, entity: 'team', notes: 'größer\nals', group: 'g', jobType: 'train' });
  const [receipt] = await record(from(events), [logger], { onDiagnostic: () => {} });
  expect(receipt).toMatchObject({ errors: [], dropped: {} });
  const { config } = runOf(events);
  const rows = expectedRows(events, runOf(events));
  logged[name] = { folder: onlyRunIn(dir), rows, summary: expectedSummary(rows), config, exitCode };
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-wandb-'));
  for (const logAccumBatch of [true, false]) {
    const kind = logAccumBatch ? 'accumulated' : 'micro';
    const growing = gradientAccumulationSchedule({ startAccumBatchSize: 8, finalAccumBatchSize: 32, logAccumBatch });
    await log(kind, await eventsOfRun(growing, 120));
    const pairs = gradientAccumulation({ accumBatchSize: 16, logAccumBatch });
    await log(`${kind}-large`, await eventsOfRun(pairs, logAccumBatch ? 2 * LARGE : LARGE));
  }
  await log('failed', await eventsOfFailedRun(gradientAccumulation({ accumBatchSize: 16 })), 1);
});
afterAll(() => rmSync(home, { recursive: true }));

const RUNS = ['accumulated', 'micro', 'accumulated-large', 'micro-large', 'failed'];

test('these are all runs, and the large ones have 100,000 rows', () => {
  expect(Object.keys(logged).sort()).toEqual([...RUNS].sort());
  expect(logged['accumulated-large']!.rows).toHaveLength(LARGE);
  expect(logged['micro-large']!.rows).toHaveLength(LARGE);
});

describe('wandb leet inspect (0.31.0)', () => {
  async function inspect(folder: string, ...options: string[]): Promise<string> {
    const args = ['leet', 'inspect', '--json', ...options, folder];
    const { exitCode, stdout, stderr } = await run(pythonProgram('wandb-0.31', 'wandb'), args, {
      cwd: home,
      env: QUIET,
    });
    expect(exitCode, stderr).toBe(0);
    return stdout;
  }

  test.each(RUNS)('--summary shows what was logged: %s', async (name) => {
    const { folder, rows, summary, config, exitCode } = logged[name]!;
    const { summary: shown, ...about } = JSON.parse(await inspect(folder, '--summary'));
    expect(about).toMatchObject({
      run_id: 'interop',
      name: 'größer – 実行 😀',
      project: 'interop',
      entity: 'team',
      notes: 'größer\nals',
      tags: ['eins', 'ünï', '標識'],
      config,
      step: rows.at(-1)!._step,
      state: exitCode === 0 ? 'finished' : 'failed',
      exit_code: exitCode,
    });
    expect(shown).toEqual(mapValues(summary, asLeet));
  });

  test.each(RUNS)('shows each row that was logged: %s', async (name) => {
    const { folder, rows } = logged[name]!;
    const records = (await inspect(folder))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const items = records.filter(({ type }) => type === 'history').map(({ history }) => history.item);
    expect(firstDifference(items, rows.map(flattened))).toBeUndefined();
  });
});

describe.each([
  { version: '0.31', takesItsOwnExitCode: true },
  { version: '0.22', takesItsOwnExitCode: false },
])('wandb sync ($version)', ({ version, takesItsOwnExitCode }) => {
  let server: FakeWandb;
  beforeAll(async () => {
    server = await fakeWandb(home);
  });
  afterAll(() => server?.stop());

  /** Uploads a copy of a run's folder. */
  async function sync(folder: string, project: string): Promise<void> {
    const copy = join(home, version, project, basename(folder));
    cpSync(folder, copy, { recursive: true });
    const env = { ...QUIET, WANDB_BASE_URL: server.url, WANDB_API_KEY: 'k'.repeat(40) };
    const args = ['sync', '--project', project, copy];
    const { exitCode, stdout, stderr } = await run(pythonProgram(`wandb-${version}`, 'wandb'), args, {
      cwd: home,
      env,
    });
    expect(exitCode, stdout + stderr).toBe(0);
  }

  test.each(RUNS)('uploads what was logged: %s', async (name) => {
    const { folder, rows, summary, config, exitCode } = logged[name]!;
    await sync(folder, name);
    const report = await server.run(name);
    expect(report).toMatchObject({
      run: 'interop',
      entity: 'team',
      displayName: 'größer – 実行 😀',
      fields: { notes: 'größer\nals', groupName: 'g', jobType: 'train', tags: ['eins', 'ünï', '標識'] },
      complete: true,
      exitcode: exitCode,
      anomalies: [],
    });
    const { _wandb: about, ...values } = report.config;
    expect(mapValues(values, (entry) => entry?.value)).toEqual(config);
    expect(declaredMetrics(about)).toEqual([...CLOCKS].sort());
    const { _wandb: _runtime, ...last } = report.summary;
    expect(last).toEqual(summary);
    expect(firstDifference(await server.history(name), rows)).toBeUndefined();
  });

  test("makes the same of the exit code of its own client's run", async () => {
    const dir = join(home, version, 'own-client');
    mkdirSync(dir);
    const script = join(import.meta.dirname, 'log_failed_run.py');
    const env = { ...QUIET, WANDB_SILENT: 'true' };
    const { exitCode, stderr } = await run(pythonProgram(`wandb-${version}`, 'python'), [script, dir], {
      cwd: home,
      env,
    });
    expect(exitCode, stderr).toBe(0);
    await sync(onlyRunIn(dir), 'own');
    expect(await server.run('own')).toMatchObject({ complete: true, exitcode: takesItsOwnExitCode ? 1 : 0 });
  });
});

/** No user's settings, no reports of crashes to anyone. */
const QUIET = { WANDB_ERROR_REPORTING: 'false' };

/** The metrics that a config declares, in the numbered fields of the file stream. */
function declaredMetrics(about: AboutRun | undefined): unknown[] {
  return (about?.value.m ?? []).map((metric) => metric[1]).sort();
}

/** A row as leet shows records: the path of each leaf, joined by dots. */
function flattened(row: Row): Row {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(row)) {
    if (typeof value !== 'object' || value === null) flat[key] = asLeet(value);
    else for (const [inner, leaf] of Object.entries(value)) flat[`${key}.${inner}`] = asLeet(leaf);
  }
  return flat;
}

/** leet writes what JSON has no number for as text. */
function asLeet(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function onlyRunIn(dir: string): string {
  const folders = readdirSync(join(dir, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
  expect(folders).toHaveLength(1);
  return join(dir, 'wandb', folders[0]!);
}
