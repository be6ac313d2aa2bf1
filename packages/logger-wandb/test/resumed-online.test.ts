import type { JsonValue, LoggerNotice, RunStartEvent } from '@microbatch/core/logger';
import { resumedRun, runOf, sampleRun } from '@microbatch/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readWandbRun, type WandbOptions, wandbSink } from '../src/index.js';
import { emptyFolder, runFolders } from './folders.js';
import { mergedRun, rowsByKey } from './merged-run.js';
import { HISTORY, KEY, type UploadServer, uploadServer } from './upload-server.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('WANDB_')) vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

const EVENTS = sampleRun();
const COUNT = 12;

const quiet = { quiet: true, systemMetrics: false, saveGit: false } as const;

function online(server: UploadServer, dir: string, notices: LoggerNotice[], more: WandbOptions = {}) {
  const onNotice = (notice: LoggerNotice) => void notices.push(notice);
  return wandbSink({ dir, mode: 'online', baseUrl: server.url, apiKey: KEY, ...quiet, onNotice, ...more });
}

/** The first events of the run, online, and a checkpoint behind them. */
async function firstPart(server: UploadServer, dir: string): Promise<JsonValue | undefined> {
  const sink = online(server, dir, []);
  await sink.open(runOf(EVENTS));
  await sink.write(EVENTS.slice(0, COUNT));
  const state = await sink.checkpoint!();
  await sink.close('stopped');
  return state;
}

/** What a run that was never stopped shows. */
async function unbroken(): Promise<ReturnType<typeof mergedRun>> {
  const dir = emptyFolder();
  const sink = wandbSink({ dir, ...quiet });
  await sink.open(runOf(EVENTS));
  await sink.write(EVENTS);
  await sink.close('finished');
  return mergedRun(runFolders(dir));
}

describe('a run that goes on from a checkpoint where the server refuses to be asked', () => {
  it('goes on offline, says so, and loses nothing', async () => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const state = await firstPart(server, dir);
    server.fault = ({ kind }) => (kind === 'graphql' ? { status: 403 } : undefined);
    const notices: LoggerNotice[] = [];
    const sink = online(server, dir, notices);
    const rest = resumedRun(EVENTS, COUNT);
    await sink.open(runOf(rest), undefined, state);
    await sink.write(rest);
    await sink.close('finished');
    expect(notices.map(({ code }) => code)).toEqual(['resumed-offline']);
    expect(notices[0]!.message).toMatch(/^the run sample goes on offline: .*403/);
    const folders = runFolders(dir);
    expect(folders.map((folder) => folder.includes('offline-run-'))).toEqual([true, false]);
    // By name, the offline one comes first; by time, last.
    expect(mergedRun(folders.toReversed())).toEqual(await unbroken());
  });

  it('is an error where it was told to resume', async () => {
    const server = await uploadServer(KEY);
    const dir = emptyFolder();
    const state = await firstPart(server, dir);
    server.fault = ({ kind }) => (kind === 'graphql' ? { status: 403 } : undefined);
    const sink = online(server, dir, [], { resume: 'must' });
    await expect(async () => sink.open(runOf(resumedRun(EVENTS, COUNT)), undefined, state)).rejects.toThrow('403');
    expect(runFolders(dir)).toHaveLength(1);
  });
});

it('counts the time of both processes, and none between them', async () => {
  const server = await uploadServer(KEY);
  const dir = emptyFolder();
  const state = await firstPart(server, dir);
  const later = resumedRun(EVENTS, COUNT).map((event) => ({ ...event, time: event.time + 3_600_000 }));
  const [start] = later as [RunStartEvent];
  const sink = online(server, dir, []);
  await sink.open(start.run, undefined, state);
  await sink.write(later);
  await sink.close('finished');
  const [run] = [...server.runs.values()];
  const rows = run!.lines[HISTORY]!.map((line) => JSON.parse(line!) as Record<string, number>);
  expect(rowsByKey(rows)).toEqual((await unbroken()).history);
  expect(rows.at(-1)!._runtime).toBeLessThan(60);
  expect(rows.at(-1)!._timestamp! - rows[0]!._timestamp!).toBeGreaterThan(3600);
  expect(readWandbRun(runFolders(dir).at(-1)!).exit!.runtime).toBeLessThan(60);
});
