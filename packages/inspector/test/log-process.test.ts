import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrainEvent } from '@microbatch/core';
import { readJournal } from '@microbatch/logger-journal';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { spawnCommand, spawnPipeline } from './spawn-command.js';
import { temporaryFolder } from './temporary-folder.js';

const TRAINING = fileURLToPath(new URL('./children/training.mjs', import.meta.url));
const PYTHON = fileURLToPath(new URL('../../../examples/python/plain.py', import.meta.url));

const LOG =
  'microbatch log --accum-batch-size 16 --id a --journal "$DIR" --tensorboard "$DIR" --wandb --wandb-dir "$DIR"';

function pipeline(text: string, dir = temporaryFolder()) {
  return { dir, ...spawnPipeline(text, { env: { DIR: dir, TRAINING, PYTHON } }) };
}

/** The journal's events; what all files say must agree. */
async function wholeRun(dir: string): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of readJournal(join(dir, 'a.microbatch.jsonl'))) events.push(event);
  const { faults, runs } = await verify([dir]);
  expect(runs.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'fault'))).toEqual([]);
  expect([faults, runs.map(({ sources }) => sources.length)]).toEqual([0, [3]]);
  return events;
}

const count = (events: readonly TrainEvent[], wanted: TrainEvent['type']) =>
  events.filter(({ type }) => type === wanted).length;

describe('microbatch log, in a pipeline,', () => {
  it('logs a program, and hands on its exit code by pipefail', async () => {
    const { dir, ended, stdout } = pipeline(`set -o pipefail; node "$TRAINING" 20 exit 3 | ${LOG}`);
    expect(await ended).toBe(3);
    expect(stdout()).toBe('training\ndone\n');
    expect(count(await wholeRun(dir), 'micro-batch')).toBe(20);
  });

  it('counts a run as failed whose writer dies within a line', async () => {
    const { dir, ended, stderr } = pipeline(`node "$TRAINING" 20 torn | ${LOG}`);
    expect(await ended).toBe(1);
    expect(stderr()).toMatch(/line 22 is not logged: .*\n(?:.*\n)*.*run a failed: 20 micro-batches/);
    const events = await wholeRun(dir);
    expect(events.at(-1)).toMatchObject({ outcome: 'failed', error: 'the pipe closed within line 22' });
  });

  it('logs a run to its end where nobody reads what is passed through', async () => {
    const { dir, ended, stdout } = pipeline(`node "$TRAINING" 200 noisy | ${LOG} | head -n 1`);
    expect(await ended).toBe(0);
    expect(stdout()).toBe('training\n');
    expect(count(await wholeRun(dir), 'micro-batch')).toBe(200);
  });

  it('logs a run to its end where a slow reader goes that kept it waiting', async () => {
    const chatter = 'yes chatter | head -n 300000';
    const { dir, ended, stderr } = pipeline(
      `{ ${chatter}; node "$TRAINING" 20 noisy; } | ${LOG} | head -c 100000 > /dev/null`,
    );
    expect(await ended).toBe(0);
    expect(stderr()).not.toMatch(/warning/i);
    expect(count(await wholeRun(dir), 'micro-batch')).toBe(20);
  });

  it('logs at Ctrl-C what the program still prints, and says that it was stopped', async () => {
    const {
      dir,
      ended,
      process: shell,
      says,
      stderr,
    } = pipeline(`trap : INT; node "$TRAINING" 20 interrupt | ${LOG}; exit $?`);
    await says('waiting');
    // To every process of the pipeline, as a terminal does.
    process.kill(-shell.pid!, 'SIGINT');
    expect(await ended).toBe(130);
    expect(stderr()).toMatch(/interrupted: logging what the program still prints/);
    const events = await wholeRun(dir);
    expect(count(events, 'micro-batch')).toBe(21);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'stopped' });
  });
});

describe('microbatch log, with a program behind --,', () => {
  const args = (dir: string) => [
    'log',
    '--accum-batch-size',
    '16',
    '--id',
    'a',
    '--journal',
    dir,
    '--tensorboard',
    dir,
    '--wandb',
    '--wandb-dir',
    dir,
    '--',
  ];

  it('hands on its exit code, and says that the run failed', async () => {
    const dir = temporaryFolder();
    const { ended, stdout } = spawnCommand([...args(dir), process.execPath, TRAINING, '20', 'exit', '7']);
    expect(await ended).toBe(7);
    expect(stdout()).toBe('training\ndone\n');
    const error = 'the program ended with exit code 7';
    expect((await wholeRun(dir)).at(-1)).toMatchObject({ outcome: 'failed', error });
  });

  it('ends well with it', async () => {
    const dir = temporaryFolder();
    const { ended } = spawnCommand([...args(dir), process.execPath, TRAINING, '20', 'exit', '0']);
    expect(await ended).toBe(0);
    expect((await wholeRun(dir)).at(-1)).toMatchObject({ outcome: 'finished' });
  });

  it('hands on SIGTERM, and logs what comes then', async () => {
    const dir = temporaryFolder();
    const {
      ended,
      process: command,
      says,
    } = spawnCommand([...args(dir), process.execPath, TRAINING, '20', 'interrupt']);
    await says('waiting');
    command.kill('SIGTERM');
    expect(await ended).toBe(143);
    const events = await wholeRun(dir);
    expect(count(events, 'micro-batch')).toBe(21);
    expect(events.at(-1)).toMatchObject({ outcome: 'stopped' });
  });

  it('says where there is no such program', async () => {
    const dir = temporaryFolder();
    const { ended, stderr } = spawnCommand([...args(dir), 'no-such-program']);
    expect(await ended).toBe(127);
    expect(stderr()).toMatch(/cannot start no-such-program/);
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('microbatch log', () => {
  it('leaves whole files at SIGTERM, and says that the run was stopped', async () => {
    const dir = temporaryFolder();
    const where = ['--journal', dir, '--tensorboard', dir, '--wandb', '--wandb-dir', dir];
    const { ended, process: command, says } = spawnCommand(['log', '--accum-batch-size', '16', '--id', 'a', ...where]);
    command.stdin.write(`${'{"loss": 0.5, "samples": 8}\n'.repeat(5)}waiting\n`);
    await says('waiting');
    command.kill('SIGTERM');
    expect(await ended).toBe(143);
    const events = await wholeRun(dir);
    expect(count(events, 'micro-batch')).toBe(5);
    expect(events.at(-1)).toMatchObject({ outcome: 'stopped' });
  });

  // Tests need nothing but Node: Python's loop is run wherever there is one.
  const hasPython = spawnSync('python3', ['--version']).status === 0;
  it.skipIf(!hasPython)('logs the plain Python example, whose losses its files agree on', async () => {
    const flags = '--accum-batch-size 32 --id a --journal "$DIR" --tensorboard "$DIR" --wandb --wandb-dir "$DIR"';
    const { dir, ended, stdout } = pipeline(`set -o pipefail; python3 -u "$PYTHON" | microbatch log ${flags}`);
    expect(await ended).toBe(0);
    expect(stdout()).toMatch(/^training on 256 samples\ny = 2\.9\d x -2\.0\d\n$/);
    const events = await wholeRun(dir);
    expect([count(events, 'micro-batch'), count(events, 'accumulated-batch'), count(events, 'epoch-end')]).toEqual([
      96, 24, 3,
    ]);
    const losses = events.flatMap((event) => (event.type === 'accumulated-batch' ? [event.loss] : []));
    expect(losses.at(-1)).toBeLessThan(0.01 * losses[0]!);
  });
});
