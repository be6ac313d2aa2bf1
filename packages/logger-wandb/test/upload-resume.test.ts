import { describe, expect, it } from 'vitest';
import type { PlainMessage } from '../src/log/proto.js';
import { decideResume } from '../src/run/decide-resume.js';
import { type ExistingRun, readServerRun } from '../src/upload/server-run.js';
import { uploadRun } from '../src/upload/upload-run.js';
import { exit, RUN, row, rowLines, writeLog } from './upload-log.js';
import { ENTITY, HISTORY, KEY, type UploadServer, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

function ask(server: UploadServer, runId = 'abc', apiKey = KEY): Promise<ExistingRun | undefined> {
  return readServerRun({ baseUrl: server.url, apiKey, project: 'demo', runId, timers: testTimers() });
}

async function send(server: UploadServer, records: readonly PlainMessage[], run: PlainMessage = RUN): Promise<void> {
  const logPath = writeLog(records, run);
  const result = await uploadRun({ logPath, baseUrl: server.url, apiKey: KEY, timers: testTimers() });
  expect(result.outcome).toBe('complete');
}

const firstPart = [
  ...Array.from({ length: 5 }, (_, step) => row(step)),
  { stats: { timestamp: { seconds: 1_700_000_042 }, item: [{ key: 'cpu', valueJson: '1' }] } },
  { outputRaw: { outputType: 1, timestamp: { seconds: 1_700_000_001 }, line: 'hello\n' } },
  {
    summary: {
      update: [
        { nestedKey: ['_step'], valueJson: '4' },
        { nestedKey: ['_wandb', 'runtime'], valueJson: '40' },
        { nestedKey: ['loss'], valueJson: 'NaN' },
      ],
    },
  },
  exit(),
];

describe('a run that is there already', () => {
  it('is read with all that another process needs to go on', async () => {
    const server = await uploadServer(KEY);
    await send(server, firstPart);
    expect(await ask(server)).toEqual({
      entity: ENTITY,
      project: 'demo',
      runId: 'abc',
      displayName: 'first try',
      notes: 'some notes',
      tags: ['a', 'b'],
      config: { lr: 0.1, _wandb: { t: { 12: 'microbatch' }, m: [] } },
      summary: { _step: 4, _wandb: { runtime: 40 }, loss: Number.NaN },
      lastStep: 4,
      lineCounts: { history: 5, events: 1, output: 1 },
      runtime: 42,
    });
  });

  it('is none where the server knows no such id, or only a sweep that has not begun it', async () => {
    const server = await uploadServer(KEY);
    await send(server, firstPart);
    expect(await ask(server, 'other')).toBeUndefined();
    server.runs.get(`${ENTITY}/demo/abc`)!.config._wandb = { value: {} };
    expect(await ask(server)).toBeUndefined();
  });

  it('goes on with its steps, lines and summary, each row once', async () => {
    const server = await uploadServer(KEY);
    await send(server, firstPart);
    const decision = decideResume('must', 'abc', await ask(server));
    const { startingStep, startRuntime } = decision;
    const run = {
      ...(RUN.run as object),
      resumed: true,
      startingStep,
      runtime: startRuntime,
      summary: { update: [{ key: 'loss', valueJson: '0.5' }] },
    };
    await send(server, [row(startingStep), row(startingStep + 1), exit()], { run });
    const kept = server.runs.get(`${ENTITY}/demo/abc`)!;
    expect(kept.lines[HISTORY]).toEqual(rowLines(7));
    expect([kept.anomalies, kept.exitCodes, kept.summary]).toEqual([[], [0, 0], '{"loss":0.5}']);
  });

  it('can’t be read without the key, or from a server that stays away: that is said, with its code', async () => {
    const server = await uploadServer(KEY);
    await expect(ask(server, 'abc', 'other')).rejects.toMatchObject({ code: 'upload-unauthorized' });
    let requests = 0;
    server.fault = () => {
      requests++;
      return { status: 503 };
    };
    await expect(ask(server)).rejects.toMatchObject({
      code: 'upload-refused',
      message: expect.stringContaining('503'),
    });
    expect(requests).toBe(7);
    server.fault = () => ({ status: 200, body: '{"data":{"model":{"name":"p","bucket":{"wandbConfig":"{"}}}}' });
    await expect(ask(server)).rejects.toMatchObject({ code: 'resume-failed' });
  });
});

describe('deciding', () => {
  const found: ExistingRun = {
    entity: 'e',
    project: 'p',
    runId: 'abc',
    displayName: 'name',
    notes: 'n',
    tags: ['t'],
    config: { lr: 1, _wandb: { t: {}, m: [], viz: { a: 1 } } },
    summary: { loss: 1 },
    lastStep: 7,
    lineCounts: { history: 8, events: 0, output: 0 },
    runtime: 3,
  };

  it.each(['allow', 'never'] as const)('%s begins anew where there is no run', (mode) => {
    expect(decideResume(mode, 'abc', undefined)).toMatchObject({
      resumed: false,
      startingStep: 0,
      config: {},
      summary: {},
    });
  });

  it.each(['allow', 'must'] as const)('%s goes on behind the last step', (mode) => {
    expect(decideResume(mode, 'abc', found)).toEqual({
      resumed: true,
      startingStep: 8,
      config: { lr: 1, _wandb: { viz: { a: 1 } } },
      summary: { loss: 1 },
      startRuntime: 3,
      tags: ['t'],
      notes: 'n',
      displayName: 'name',
    });
    const { lastStep: _, ...unlogged } = { ...found, lineCounts: { history: 0, events: 0, output: 0 } };
    expect(decideResume(mode, 'abc', { ...unlogged, lastStep: undefined }).startingStep).toBe(0);
  });

  it('must needs a run, never a new one', () => {
    expect(() => decideResume('must', 'abc', undefined)).toThrow(expect.objectContaining({ code: 'resume-must' }));
    expect(() => decideResume('never', 'abc', found)).toThrow(expect.objectContaining({ code: 'resume-never' }));
  });
});
