import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientAccumulation, record } from '@microbatch/core';
import { tensorboard } from '@microbatch/logger-tensorboard';
import * as tf from '@tensorflow/tfjs';
import { from } from 'rxjs';
import { SummaryWriter } from 'tensorboard-writer';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventsOfRun } from './events-of-run.js';
import type { Server } from './programs.js';
import { serveTensorboard } from './serve-tensorboard.js';

interface SessionGroups {
  readonly sessionGroups?: readonly {
    readonly name: string;
    readonly hparams: Readonly<Record<string, unknown>>;
    readonly sessions: readonly {
      readonly status?: string;
      readonly startTimeSecs?: number;
      readonly endTimeSecs?: number;
      readonly metricValues?: readonly { readonly name: Record<string, string>; readonly value: number }[];
    }[];
  }[];
}

let logDir: string;

async function writeRun(folder: string, config: Record<string, unknown>, layout: 'single' | 'split'): Promise<void> {
  const events = await eventsOfRun(gradientAccumulation({ accumBatchSize: 32 }), 60);
  const start = events[0]!;
  if (start.type !== 'run-start') throw new Error('the first event must be run-start');
  const configured = [{ ...start, run: { ...start.run, config } }, ...events.slice(1)];
  await record(from(configured), [tensorboard({ logDir: join(logDir, folder), layout })], { onDiagnostic: () => {} });
}

function writeResumed(folder: string): void {
  for (const [first, last, base] of [
    [0, 10, 0],
    [6, 12, 100],
  ] as const) {
    const writer = new SummaryWriter(folder);
    writer.addHParamsStart({ lr: 1 });
    writer.addCustomScalars({ all: { losses: { multiline: ['loss'] } } });
    for (let step = first; step < last; step++) writer.addScalar('loss', base + step, step);
    writer.close();
  }
}

beforeAll(async () => {
  logDir = mkdtempSync(join(tmpdir(), 'interop-sessions-'));
  await writeRun('one', { lr: 0.5, optimizer: { name: 'adam' }, shuffle: true }, 'single');
  await writeRun('two', { lr: 0.25, layers: [3, 4] }, 'split');
  writeResumed(join(logDir, 'resumed'));
  const writer = new SummaryWriter(join(logDir, 'model'));
  const inner = tf.sequential({ name: 'inner', layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'a' })] });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [4], name: 'first' }),
      inner,
      tf.layers.dense({ units: 1, name: 'last' }),
    ],
  });
  writer.addGraph(model);
  writer.close();
});
afterAll(() => rmSync(logDir, { recursive: true }));

describe.each(['true', 'false'])('TensorBoard with --load_fast=%s', (loadFast) => {
  let server: Server;
  beforeAll(async () => {
    server = await serveTensorboard(logDir, `--load_fast=${loadFast}`, '--reload_interval=1');
  });
  afterAll(() => server?.stop());

  async function get(path: string): Promise<unknown> {
    return (await fetch(`${server.url}/data/${path}`)).json();
  }

  async function post(path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${server.url}/data/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  }

  const experimentName = 'hparams';
  const waitFor = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 500 });

  test('the hparams table has a column for each key of any config', () =>
    waitFor(async () => {
      const { hparamInfos } = (await post('plugin/hparams/experiment', { experimentName })) as {
        hparamInfos: readonly { name: string; type: string }[];
      };
      const types = Object.fromEntries(hparamInfos.map(({ name, type }) => [name, type]));
      expect(types).toEqual({
        lr: 'DATA_TYPE_FLOAT64',
        'optimizer.name': 'DATA_TYPE_STRING',
        shuffle: 'DATA_TYPE_BOOL',
        layers: 'DATA_TYPE_STRING',
      });
    }));

  test('each run is a session with its config, outcome and final metrics', () =>
    waitFor(async () => {
      const allowedStatuses = ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING'];
      const request = { experimentName, allowedStatuses, colParams: [], startIndex: 0, sliceSize: 10 };
      const { sessionGroups = [] } = (await post('plugin/hparams/session_groups', request)) as SessionGroups;
      const byName = Object.fromEntries(sessionGroups.map((group) => [group.name, group]));
      expect(Object.keys(byName).sort()).toEqual(['one', 'resumed', 'two']);
      expect(byName.one!.hparams).toEqual({ lr: 0.5, 'optimizer.name': 'adam', shuffle: true });
      expect(byName.two!.hparams).toEqual({ lr: 0.25, layers: '[3,4]' });
      for (const [name, group, tag] of [
        ['one', '', 'train/loss'],
        ['two', 'train', 'loss'],
      ] as const) {
        const [session] = byName[name]!.sessions;
        expect(session).toMatchObject({
          status: 'STATUS_SUCCESS',
          startTimeSecs: expect.any(Number),
          endTimeSecs: expect.any(Number),
        });
        const metric = session!.metricValues?.find(({ name }) => name.group === group && name.tag === tag);
        const points = (await get(
          `plugin/scalars/scalars?${new URLSearchParams({ run: [name, group].filter(Boolean).join('/'), tag })}`,
        )) as number[][];
        expect(metric?.value).toBe(points.at(-1)![2]);
      }
      const groups = byName.two!.sessions[0]!.metricValues?.map(({ name }) => name.group);
      expect(new Set(groups)).toEqual(new Set(['train', 'validation']));
      expect(byName.resumed!.sessions[0]!.status ?? 'STATUS_UNKNOWN').toBe('STATUS_UNKNOWN');
    }));

  test('what describes a resumed run hides none of its points, and stays', () =>
    waitFor(async () => {
      const points = (await get('plugin/scalars/scalars?run=resumed&tag=loss')) as number[][];
      const wanted = [0, 1, 2, 3, 4, 5, 106, 107, 108, 109, 110, 111];
      expect(points.map(([, , value]) => value)).toEqual(wanted);
      expect(await get('plugin/custom_scalars/layout')).toMatchObject({
        category: [{ title: 'all', chart: [{ title: 'losses', multiline: { tag: ['loss'] } }] }],
      });
    }));

  test('the graph page shows the layers of a model', () =>
    waitFor(async () => {
      expect(await get('plugin/graphs/info')).toMatchObject({ model: { run_graph: true } });
      const response = await fetch(`${server.url}/data/plugin/graphs/graph?run=model&conceptual=false`);
      const graph = await response.text();
      const names = [...graph.matchAll(/name: "([^"]*)"\s+op: "([^"]*)"/g)].map(([, name, op]) => `${name} ${op}`);
      expect(names).toEqual([
        'first_input InputLayer',
        'first Dense',
        'inner/a_input InputLayer',
        'inner/a Dense',
        'last Dense',
      ]);
      expect(graph).toContain('input: "inner/a"');
    }));
});
