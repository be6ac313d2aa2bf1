import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { readWandbRun } from '../src/log/read-run.js';
import { syncRun } from '../src/sync-run.js';
import type { ProcessIdentity } from '../src/upload/process-identity.js';
import { lockPath } from '../src/upload/upload-lock.js';
import { type Program, type ProgramEnd, type ProgramJob, startProgram } from './faults-program.js';
import { emptyFolder, logPath, runFolders } from './folders.js';
import { gone, uploaderOf } from './uplink-training.js';
import { HISTORY, KEY, type KeptRun, type UploadServer, uploadServer } from './upload-server.js';

export const ROWS = 10_000;
export const PARTS = 4;
/** The uploader's waits, of up to minutes, are a hundred times as short. */
export const PACE = 100;

/** A program, the process that uploads its run, and the server, while something goes wrong between them. */
export interface Stage {
  readonly server: UploadServer;
  readonly program: Program;
  /** The folder of the run. */
  readonly folder: () => string;
  /** The process that uploads, once it has begun. */
  uploader(): Promise<ProcessIdentity>;
  /** Lets the program log its next part, and waits until the server was sent something after that, whatever it made of it. */
  part(): Promise<void>;
  /** Rows that are complete when `rows` are logged: `wandb()` keeps the last one open, for what may join it. */
  closed(rows: number): number;
  /** Waits until the server has so many rows. */
  serverHas(rows: number): Promise<void>;
  /** Waits until the program is told of a notice. */
  noticed(code: string): Promise<string>;
}

export interface FaultCase {
  readonly fault: string;
  /** By which API the rows are logged; `startRun` where absent. */
  readonly api?: 'wandb';
  /** How the program ends; by `finish()` where absent. */
  readonly end?: ProgramEnd;
  /** The key that the server takes; the program's where absent. */
  readonly serverKey?: string;
  readonly command?: (script: readonly string[]) => readonly string[];
  /** How many times as fast as the clock the uploader waits; 100 where absent. */
  readonly pace?: number;
  /** What happens before the program starts. */
  readonly before?: (server: UploadServer) => void | Promise<void>;
  /** What happens while the program logs; each part by itself where absent. */
  readonly during?: (stage: Stage) => Promise<void>;
  /** What the program ends by; 0 where absent. */
  readonly programEnd?: number | NodeJS.Signals;
  /** The run's exit code; 0 where absent. */
  readonly exitCode?: number;
  /** Rows that have to be there, where not all are that were logged: what the page says, and the least number. */
  readonly expected?: { readonly text: string; readonly atLeast: number };
  /** How many rows the server has before anything is done by hand, where that is certain. */
  readonly firstRows?: number;
  /** The codes of what the program is told, but of what depends on chance; none where absent. */
  readonly notices?: readonly string[];
  readonly left: Left['what'];
}

/** What of a run's upload is left to be done by hand. */
export interface Left {
  readonly what: 'nothing' | 'the run' | 'a fragment';
  readonly folder?: string;
}

/** What the server has of a run. */
export interface Count {
  readonly rows: number;
  readonly doubled: number;
  /** Rows that are not what was logged as their step. */
  readonly wrong: number;
  readonly anomalies: readonly string[];
  readonly exitCodes: readonly number[];
}

export interface Outcome {
  /** When the program and its uploader are gone. */
  readonly before: Count;
  /** After what is left is done. */
  readonly after: Count;
  readonly left: Left;
  /** Rows on the disk, in all the run's folders before anything is done by hand. */
  readonly onDisk: number;
  readonly run: KeptRun;
  readonly events: Program['events'];
  readonly stderr: string;
}

const KEYS = { startRun: 'loss', wandb: 'train/loss' };

/** Plays one case, and finishes what it left. */
export async function play(one: FaultCase): Promise<Outcome> {
  const { end = 'finish', serverKey = KEY, during = inParts, programEnd = 0, pace = PACE } = one;
  const api: ProgramJob['api'] = one.api ?? 'startRun';
  const server = await uploadServer(serverKey);
  server.features.push('FILESTREAM_GZIP');
  await one.before?.(server);
  const dir = emptyFolder();
  const options = { dir, project: 'faults', mode: 'online', baseUrl: server.url, captureConsole: true };
  const job = { api, options, rows: ROWS, parts: PARTS, end, pace };
  const program = startProgram(job, { cwd: dir, ...(one.command && { command: one.command }) });
  await program.told(({ opened }) => opened === true);
  const stage = stageOf(api, server, program, dir);
  const uploader = await stage.uploader();
  await during(stage);
  expect(await program.ended, program.stderr()).toBe(programEnd);
  await gone(uploader);

  const key = KEYS[api];
  const before = count(server, key);
  const left = leftIn(dir);
  const onDisk = rowsOnDisk(dir);
  if (left.folder !== undefined) {
    if (serverKey !== KEY) server.key = KEY;
    server.fault = () => undefined;
    expect(await syncRun(left.folder, { baseUrl: server.url, apiKey: KEY })).toMatchObject({ outcome: 'complete' });
    expect(leftIn(dir)).toEqual({ what: 'nothing' });
  }
  const run = onlyRun(server)!;
  const { events } = program;
  return { before, after: count(server, key), left, onDisk, run, events, stderr: program.stderr() };
}

/** Logs each part when the one before was sent. */
export async function inParts(stage: Stage): Promise<void> {
  for (let part = 0; part < PARTS; part++) await stage.part();
}

function stageOf(api: ProgramJob['api'], server: UploadServer, program: Program, dir: string): Stage {
  const folder = () => runFolders(dir).find((path) => basename(path).startsWith('run-'))!;
  return {
    server,
    program,
    folder,
    async uploader() {
      const log = logPath(folder());
      await expect.poll(() => existsSync(lockPath(log)), { timeout: 20_000, interval: 10 }).toBe(true);
      return uploaderOf(log);
    },
    async part() {
      await program.nextPart();
      const { length } = server.requests;
      await expect.poll(() => server.requests.length, { timeout: 20_000, interval: 10 }).toBeGreaterThan(length);
    },
    closed: (rows) => (api === 'wandb' ? rows - 1 : rows),
    async serverHas(rows) {
      await expect.poll(() => linesOf(server).length, { timeout: 20_000, interval: 10 }).toBe(rows);
    },
    async noticed(code) {
      const { notice } = await program.told((event) => event.notice?.code === code);
      return notice!.message;
    },
  };
}

function onlyRun(server: UploadServer): KeptRun | undefined {
  const runs = [...server.runs.values()];
  expect(runs.length).toBeLessThanOrEqual(1);
  return runs[0];
}

function linesOf(server: UploadServer): readonly (string | null)[] {
  return onlyRun(server)?.lines[HISTORY] ?? [];
}

function count(server: UploadServer, key: string): Count {
  const run = onlyRun(server);
  const seen = new Set<number>();
  let [doubled, wrong] = [0, 0];
  for (const line of linesOf(server)) {
    const { _step: step, [key]: value } = JSON.parse(line ?? '{}') as Record<string, number>;
    if (seen.has(step!)) doubled++;
    else if (value !== Math.sin(step!)) wrong++;
    seen.add(step!);
  }
  const { anomalies = [], exitCodes = [] } = run ?? {};
  return { rows: seen.size - wrong, doubled, wrong, anomalies: [...anomalies], exitCodes: [...exitCodes] };
}

/** By the marks that keep `wandb sync` from sending a run. */
function leftIn(dir: string): Left {
  const open = runFolders(dir).filter((folder) => !existsSync(`${logPath(folder)}.synced`));
  if (open.length === 0) return { what: 'nothing' };
  const [folder] = open;
  expect(open).toEqual([folder]);
  return { what: basename(folder!).startsWith('offline-run-') ? 'a fragment' : 'the run', folder: folder! };
}

/** The run's own log holds everything, whatever else was made of it. */
function rowsOnDisk(dir: string): number {
  const own = readdirSync(join(dir, 'wandb')).find((name) => name.startsWith('run-'))!;
  return readWandbRun(join(dir, 'wandb', own)).history.length;
}
