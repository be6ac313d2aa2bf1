import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrainEvent } from '@microbatch/core';
import { readJournal } from '@microbatch/logger-journal';
import { readWandbRun, type WandbRun } from '@microbatch/logger-wandb';
import { type RunScalars, readScalars } from 'tensorboard-writer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../examples/dist/mnist/main.js', import.meta.url));
const short = ['--epochs', '1', '--samples', '1600'];

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'main-job-'));
});
afterEach(() => rmSync(out, { recursive: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the main job with its output in `out`; `onLine` sees each whole line of stdout, `preload` runs before the job. */
function mainJob(
  args: readonly string[],
  onLine: (line: string, child: ChildProcess) => void = () => {},
  { preload = '', env: added = {} }: { preload?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_PATH: '', DEBUG: '', ...added };
    const argv = ['--import', `data:text/javascript,${preload}`, program, '--out', out, ...args];
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let partial = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece;
      const lines = (partial + piece).split('\n');
      partial = lines.pop()!;
      for (const line of lines) onLine(line, child);
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece;
    });
    child.once('error', reject).once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

interface Logged {
  readonly events: readonly TrainEvent[];
  readonly wandb: WandbRun;
  readonly scalars: RunScalars;
}

/** Reads back the files of the run in `folder`. */
async function readRun(folder: string): Promise<Logged> {
  const journal = readdirSync(folder).find((name) => name.endsWith('.jsonl'))!;
  const events: TrainEvent[] = [];
  for await (const event of readJournal(join(folder, journal))) events.push(event);
  const [offlineRun] = readdirSync(join(folder, 'wandb')).filter((name) => name.startsWith('offline-run-'));
  return { events, wandb: readWandbRun(join(folder, 'wandb', offlineRun!)), scalars: await readScalars(folder) };
}

function onlyRun(): string {
  const runs = readdirSync(out);
  expect(runs).toHaveLength(1);
  return join(out, runs[0]!);
}

function ofType<T extends TrainEvent['type']>(
  events: readonly TrainEvent[],
  type: T,
): Extract<TrainEvent, { type: T }>[] {
  return events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
}

/** The number that the proof shows on a line. */
function proven(stdout: string, name: string): number {
  const [, number] = new RegExp(`^ {2}${name} +([\\d.,]+)`, 'm').exec(stdout) ?? [];
  return Number(number?.replaceAll(',', ''));
}

describe('the main job', () => {
  test('shows W&B steps that shrank and TensorBoard steps that did not, as its files have them', async () => {
    const { exitCode, stdout, stderr } = await mainJob(short);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const { events, wandb, scalars } = await readRun(onlyRun());
    const accumulated = ofType(events, 'accumulated-batch');

    expect(ofType(events, 'micro-batch')).toHaveLength(50);
    expect(proven(stdout, 'micro-batches')).toBe(50);
    expect(proven(stdout, 'optimizer steps')).toBe(accumulated.length);
    expect(accumulated.length).toBeLessThan(25);
    expect(accumulated.map(({ accumBatchSize }) => accumBatchSize)).toContain(256);

    expect(wandb.history.map((row) => row._step)).toEqual(accumulated.map(({ step }) => step - 1));
    expect(wandb.history.map((row) => row['train/loss'])).toEqual(accumulated.map(({ loss }) => loss));
    expect(proven(stdout, 'last W&B step')).toBe(accumulated.length - 1);

    const { steps, values } = scalars.series.get('train/loss')!;
    expect([...steps]).toEqual(accumulated.map(({ microStep }) => microStep));
    expect([...values]).toEqual(accumulated.map(({ loss }) => Math.fround(loss)));
    expect([...scalars.series.get('train/micro_loss')!.steps]).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(proven(stdout, 'last TensorBoard step')).toBe(50);

    const accuracy = ofType(events, 'epoch-end')[0]!.valid!.accuracy!;
    expect(accuracy).toBeGreaterThan(0.5);
    expect(proven(stdout, 'test accuracy')).toBeCloseTo(accuracy * 100, 2);
    expect(ofType(events, 'run-end')).toMatchObject([{ outcome: 'finished' }]);
    expect(wandb.exit).toMatchObject({ exitCode: 0 });
  });

  test('logs a row for each micro-batch with --log-accum-batch=false', async () => {
    const { exitCode, stdout } = await mainJob([...short, '--log-accum-batch=false']);
    expect(exitCode).toBe(0);
    expect(proven(stdout, 'last W&B step')).toBe(49);
    expect(proven(stdout, 'last TensorBoard step')).toBe(50);
    const { wandb, scalars } = await readRun(onlyRun());
    expect(wandb.history).toHaveLength(50);
    expect(scalars.series.get('train/loss')!.steps).toHaveLength(50);
    expect(scalars.series.has('train/micro_loss')).toBe(false);
  });

  test('never writes over an earlier run, and repeats its numbers from the same seed', async () => {
    const first = await mainJob([...short, '--seed', '5']);
    const folder = onlyRun();
    const before = contentsOf(folder);
    const second = await mainJob([...short, '--seed', '5']);
    expect(contentsOf(folder)).toEqual(before);
    expect(readdirSync(out)).toHaveLength(2);
    expect(proven(second.stdout, 'last train/loss')).toBe(proven(first.stdout, 'last train/loss'));
    expect(proven(second.stdout, 'last train/loss')).toBeGreaterThan(0);
  });

  test('stops at Ctrl-C with whole files', async () => {
    const { exitCode, stdout } = await mainJob(['--epochs', '1000', '--samples', '1600'], (line, child) => {
      if (line.startsWith('epoch 1/1000  micro-batch 5 ')) child.kill('SIGINT');
    });
    expect(exitCode).toBe(130);
    const { events, wandb, scalars } = await readRun(onlyRun());
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'stopped' });
    expect(wandb.damage).toEqual([]);
    expect(wandb.exit).toMatchObject({ exitCode: 255 });
    expect(wandb.history).toHaveLength(ofType(events, 'accumulated-batch').length);
    expect(scalars.files).toMatchObject([{ stopped: { reason: 'end' } }]);
    expect(proven(stdout, 'last TensorBoard step')).toBe(ofType(events, 'micro-batch').length);
  });

  test('leaves whole files when nobody reads its output any more', async () => {
    const { exitCode, stderr } = await mainJob(['--epochs', '1000', '--samples', '1600'], (line, child) => {
      if (line.startsWith('epoch 1/1000  micro-batch 5 ')) child.stdout!.destroy();
    });
    expect(stderr).toBe('');
    expect(exitCode).toBe(141);
    const { events, wandb } = await readRun(onlyRun());
    expect(wandb.damage).toEqual([]);
    expect(wandb.exit).toMatchObject({ exitCode: 141 });
    expect(wandb.history).toHaveLength(ofType(events, 'accumulated-batch').length);
  });

  test('leaves whole files when an error goes uncaught', async () => {
    const { exitCode, stderr } = await mainJob(
      ['--epochs', '1000', '--samples', '1600'],
      (line, child) => {
        if (line.startsWith('epoch 1/1000  micro-batch 5 ')) child.kill('SIGUSR2');
      },
      { preload: "process.on('SIGUSR2', () => { throw new Error('a bug elsewhere'); });" },
    );
    expect(stderr).toContain('Error: a bug elsewhere');
    expect(exitCode).toBe(1);
    const { events, wandb } = await readRun(onlyRun());
    expect(wandb.damage).toEqual([]);
    expect(wandb.exit).toMatchObject({ exitCode: 1 });
    expect(wandb.history).toHaveLength(ofType(events, 'accumulated-batch').length);
  });
});

describe('the main job refuses', () => {
  test.each([
    [['--epochs', '0'], "option '--epochs <n>' argument '0' is invalid. It must be an integer from 1 to 1000."],
    [['--epochs', 'two'], "option '--epochs <n>' argument 'two' is invalid."],
    [
      ['--samples', '255'],
      "option '--samples <n>' argument '255' is invalid. It must be an integer from 256 to 60000.",
    ],
    [['--samples', '60001'], "argument '60001' is invalid."],
    [['--seed', '-1'], "option '--seed <n>' argument '-1' is invalid."],
    [['--backend', 'gpu'], "option '--backend <name>' argument 'gpu' is invalid. Allowed choices are wasm, cpu, node."],
    [['--log-accum-batch=maybe'], "option '--log-accum-batch <bool>' argument 'maybe' is invalid."],
    [['--epoch', '1'], "unknown option '--epoch'"],
    [['extra'], 'too many arguments'],
  ])('%j, naming option and value', async (args, complaint) => {
    const { exitCode, stdout, stderr } = await mainJob(args);
    expect(stderr).toContain(complaint);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(readdirSync(out)).toEqual([]);
  });

  test('--backend node where it is not installed, and says how to get it', async () => {
    const { exitCode, stderr } = await mainJob(['--backend', 'node'], undefined, {
      env: { MICROBATCH_TFJS_NODE: out },
    });
    expect(stderr).toMatch(
      /^error: --backend node: the npm package @tensorflow\/tfjs-node is not there: npm run setup:native .*\n$/,
    );
    expect(exitCode).toBe(1);
  });

  test.each([
    ['npm_config_epochs', '1', 'npm kept --epochs for itself; write a lone -- before options: npm start -- --epochs=1'],
    ['npm_config_epochs', 'true', 'npm start -- --epochs …'],
    ['npm_config_log_accum_batch', '', 'npm start -- --log-accum-batch=false'],
  ])('an option that npm took for its own, as %s=%s', async (variable, value, hint) => {
    const env = { npm_lifecycle_event: 'start', [variable]: value };
    const { exitCode, stdout, stderr } = await mainJob([], undefined, { env });
    expect(stderr).toContain(hint);
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
    // Only where the main job is what npm runs: other scripts may have such options of their own.
    const other = await mainJob(['--help'], undefined, { env: { ...env, npm_lifecycle_event: 'test' } });
    expect(other.exitCode).toBe(0);
  });

  test('a data folder without data, naming the file', async () => {
    const { exitCode, stderr } = await mainJob(['--data', out]);
    expect(stderr).toBe(`error: cannot read the data file ${join(out, 'train-images-idx3-ubyte')}: ENOENT\n`);
    expect(exitCode).toBe(1);
    expect(readdirSync(out)).toEqual([]);
  });

  test("what W&B's environment variables can't hold, before it trains", async () => {
    const { exitCode, stdout, stderr } = await mainJob(short, undefined, { env: { WANDB_PROJECT: 'a/b' } });
    expect(stderr).toMatch(/^error: WANDB_PROJECT.*a\/b/);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(readdirSync(out)).toEqual([]);
  });

  test('an --out below a file', async () => {
    const file = join(out, 'file');
    writeFileSync(file, 'mine');
    const { exitCode, stderr } = await mainJob(['--out', join(file, 'runs')]);
    expect(stderr).toBe(`error: --out '${join(file, 'runs')}': cannot make the run's folder there (ENOTDIR)\n`);
    expect(exitCode).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'base64')]),
  );
}
