import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientAccumulation, gradientAccumulationSchedule, record, type TrainEvent } from '@microbatch/core';
import { type Layout, tensorboard } from '@microbatch/logger-tensorboard';
import { from } from 'rxjs';
import { SummaryWriter } from 'tensorboard-writer';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { eventsOfResumedRun, eventsOfRun, runOf } from './events-of-run.js';
import { type Charts, expectedCharts, type Point, splitCharts, takenOver } from './expected-charts.js';
import { firstDifference } from './first-difference.js';
import { parseLooseJson } from './loose-json.js';
import { run, type Server } from './programs.js';
import { serveTensorboard } from './serve-tensorboard.js';

const LARGE = 100_000;

type Runs = Readonly<Record<string, Charts>>;

let logDir: string;
/** What TensorBoard must show, by run. */
const expected: Record<string, Charts> = {};

async function write(folder: string, events: readonly TrainEvent[], layout: Layout = 'single'): Promise<Charts> {
  const [receipt] = await record(from(events), [tensorboard({ logDir: join(logDir, folder), layout })], {
    onDiagnostic: () => {},
  });
  expect(receipt).toMatchObject({ errors: [], dropped: {} });
  return expectedCharts(events, runOf(events));
}

function expectSplit(folder: string, charts: Charts): void {
  const { train, validation } = splitCharts(charts);
  expected[`${folder}/train`] = train;
  expected[`${folder}/validation`] = validation;
}

beforeAll(async () => {
  logDir = mkdtempSync(join(tmpdir(), 'interop-tensorboard-'));
  for (const logAccumBatch of [true, false]) {
    const policy = gradientAccumulationSchedule({ startAccumBatchSize: 8, finalAccumBatchSize: 32, logAccumBatch });
    const events = await eventsOfRun(policy, 120);
    const name = logAccumBatch ? 'accumulated' : 'micro';
    expected[name] = await write(name, events);
    expectSplit(`${name}-split`, await write(`${name}-split`, events, 'split'));
  }

  const policy = gradientAccumulation({ accumBatchSize: 32 });
  const { failed, resumed } = eventsOfResumedRun(policy);
  for (const layout of ['single', 'split'] as const) {
    const folder = `resumed-${layout}`;
    const charts = takenOver(await write(folder, failed, layout), await write(folder, resumed, layout), 26);
    if (layout === 'single') expected[folder] = charts;
    else expectSplit(folder, charts);
  }

  expected.large = await write('large', await eventsOfRun(policy, LARGE));
  expected['by-hand'] = writeByHand(join(logDir, 'by-hand'));
});
afterAll(() => rmSync(logDir, { recursive: true }));

/** What only the writer itself can be told: -0, steps beyond 32 bits, and the ends of the 32-bit floats. */
function writeByHand(folder: string): Charts {
  const values = [-0, 1e-45, 3.4028234663852886e38, 3.5e38, -1e-46, Number.NaN, 16777217, Number.MAX_SAFE_INTEGER];
  const points: Point[] = values.map((value, index) => [1e9 + index / 8, index * 2 ** 40, Math.fround(value)]);
  const writer = new SummaryWriter(folder);
  for (const [index, [wallTime, step]] of points.entries()) {
    writer.addScalar('größe/精度 😀 "quoted" a=b&c', values[index]!, step, wallTime);
  }
  writer.close();
  return { 'größe/精度 😀 "quoted" a=b&c': points };
}

function expectSameCharts(found: Charts | undefined, wanted: Charts | undefined): void {
  expect(Object.keys(found ?? {}).sort()).toEqual(Object.keys(wanted!).sort());
  const differences = Object.keys(wanted!).map((tag) => [tag, firstDifference(found![tag]!, wanted![tag]!)]);
  expect(differences.filter(([, difference]) => difference !== undefined)).toEqual([]);
}

const RUNS = [
  'accumulated',
  'accumulated-split/train',
  'accumulated-split/validation',
  'micro',
  'micro-split/train',
  'micro-split/validation',
  'resumed-single',
  'resumed-split/train',
  'resumed-split/validation',
  'large',
  'by-hand',
];

/** Runs without a curve: with layout 'split', a run's row in the hparams table lies above its curves. */
const ROWS = ['accumulated-split', 'micro-split', 'resumed-split'];
const FOUND = [...RUNS, ...ROWS].sort();

test('these are all runs, and the large one has 100,000 points in a chart', () => {
  expect(Object.keys(expected).sort()).toEqual([...RUNS].sort());
  expect(expected.large!['train/micro_loss']).toHaveLength(LARGE);
});

describe.each(['event_accumulator', 'plugin_event_accumulator'])("TensorBoard's slow loader (%s)", (loader) => {
  let found: Runs;
  beforeAll(async () => {
    const script = join(import.meta.dirname, 'read_scalars.py');
    const python = pythonProgram('tensorboard', 'python');
    const { stdout, stderr, exitCode } = await run(python, [script, loader, logDir], { cwd: logDir });
    expect(exitCode, stderr).toBe(0);
    found = parseLooseJson(stdout) as Runs;
  });

  test('finds every run', () => expect(Object.keys(found).sort()).toEqual(FOUND));
  test.each(RUNS)('reads what was logged: %s', (name) => expectSameCharts(found[name], expected[name]));
});

describe("TensorBoard's fast data server", () => {
  let server: Server;
  beforeAll(async () => {
    const options = ['--load_fast=true', `--samples_per_plugin=scalars=${2 * LARGE}`, '--reload_interval=1'];
    server = await serveTensorboard(logDir, ...options);
  });
  afterAll(() => server?.stop());

  async function get(path: string): Promise<unknown> {
    return (await fetch(`${server.url}/data/${path}`)).json();
  }

  async function read(name: string): Promise<Charts> {
    const tags = ((await get('plugin/scalars/tags')) as Record<string, object>)[name] ?? {};
    const charts: Record<string, Point[]> = {};
    for (const tag of Object.keys(tags)) {
      const points = await get(`plugin/scalars/scalars?${new URLSearchParams({ run: name, tag })}`);
      // What JSON has no number for comes as text.
      charts[tag] = (points as unknown[][]).map((point) => point.map(Number) as unknown as Point);
    }
    return charts;
  }

  test('is what serves', async () => {
    expect(await get('environment')).toMatchObject({ data_location: logDir });
    expect(JSON.stringify(await get('environment?debug'))).toMatch(/grpc/i);
  });

  // It goes on loading while it serves.
  test.each(RUNS)('shows what was logged: %s', (name) =>
    vi.waitFor(async () => expectSameCharts(await read(name), expected[name]), { timeout: 60_000, interval: 500 }),
  );

  test('finds every run', async () => {
    expect(((await get('runs')) as string[]).sort()).toEqual(FOUND);
  });
});
