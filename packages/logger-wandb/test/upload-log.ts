import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PlainMessage } from '../src/log/proto.js';
import { createRunLog, type RunLog } from '../src/log/run-log.js';
import { emptyFolder } from './folders.js';

/** The run record of a log. */
export const RUN: PlainMessage = {
  run: {
    runId: 'abc',
    project: 'demo',
    displayName: 'first try',
    tags: ['a', 'b'],
    notes: 'some notes',
    runGroup: 'g',
    jobType: 'train',
    host: 'here',
    startTime: { seconds: 1_700_000_000 },
    config: { update: [{ key: 'lr', valueJson: '0.1' }] },
  },
};

/** A row whose values no other row has. */
export function row(step: number, padding = ''): PlainMessage {
  const item = [
    { nestedKey: ['_step'], valueJson: String(step) },
    { nestedKey: ['loss'], valueJson: step % 7 === 3 ? 'NaN' : String(1 / (step + 3)) },
    { nestedKey: ['deep', 'er'], valueJson: JSON.stringify(`${step}${padding}`) },
  ];
  return { history: { item, step: { num: step } } };
}

/** Rows of steps 0, 1, 2… */
export function rows(count: number, padding?: string): PlainMessage[] {
  return Array.from({ length: count }, (_, step) => row(step, padding));
}

/** What the run printed, 1 on stdout. */
export function output(line: string, outputType = 1): PlainMessage {
  return { outputRaw: { outputType, timestamp: { seconds: 1_700_000_001, nanos: 2_000 }, line } };
}

/** The line that the server should have for `row(step)`. */
function rowLine(step: number, padding = ''): string {
  const loss = step % 7 === 3 ? 'NaN' : String(1 / (step + 3));
  return `{"_step":${step},"loss":${loss},"deep":{"er":"${step}${padding}"}}`;
}

/** The lines of `rows(count)`. */
export function rowLines(count: number, padding = ''): string[] {
  return Array.from({ length: count }, (_, step) => rowLine(step, padding));
}

/** The record that ends a log. */
export function exit(exitCode = 0): PlainMessage {
  return { exit: { exitCode, runtime: 5 } };
}

/** Where the log of a new run folder goes: `<folder>/run-abc.wandb`. */
export function logPlace(): string {
  const folder = join(emptyFolder(), 'wandb', 'run-20260102_030405-abc');
  mkdirSync(join(folder, 'files'), { recursive: true });
  return join(folder, 'run-abc.wandb');
}

/** A run folder with an open log. */
export function openLog(): { logPath: string; log: RunLog; filesDir: string } {
  const logPath = logPlace();
  return { logPath, log: createRunLog(logPath), filesDir: join(dirname(logPath), 'files') };
}

/** A closed log with these records behind the run's own. Returns its path. */
export function writeLog(records: readonly PlainMessage[], run: PlainMessage = RUN): string {
  const { logPath, log } = openLog();
  for (const record of [run, ...records]) log.record(record);
  log.close();
  return logPath;
}

/** The folder of a log. */
export function folderOf(logPath: string): string {
  return dirname(logPath);
}
