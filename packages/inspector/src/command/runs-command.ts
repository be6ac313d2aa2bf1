import { relative } from 'node:path';
import { nameOf, type Run, seriesOf } from '../runs/run.js';
import { openRunStore, type RunStore } from '../runs/run-store.js';
import { lastClocks } from '../view/clock-answer.js';
import { type CommandContext, type CommonOptions, type Subcommand, withCommonOptions } from './command-context.js';
import { CommandError, EXIT } from './exit-codes.js';
import { folderError } from './folder-error.js';
import { createOutput, type Output } from './output.js';
import { printable } from './printable.js';
import { createProgress } from './progress.js';
import { tableLines } from './table.js';

const HELP = `
Lists the runs that journals, W&B logs and TensorBoard files at and below a folder tell of, the earliest first: how far each
is, its last loss, and which of the three there are. What can't be read is told of behind them.

Exit codes: 0 all could be read; 1 something could not; 2 there is no such folder, or no run in it.

Examples:
  $ microbatch runs
  $ microbatch runs experiments --json | jq '.runs[] | select(.outcome == "failed") | .name'`;

/** `microbatch runs`. */
export const addRuns: Subcommand = (program, context) => {
  withCommonOptions(program.command('runs'))
    .description('Lists the runs at and below a folder.')
    .argument('[dir]', 'folder that holds runs, at any depth', '.')
    .addHelpText('after', HELP)
    .action((dir: string, options: CommonOptions) => listRuns(dir, options, context));
};

/** A run as it is listed. */
interface ListedRun {
  readonly id?: string;
  readonly name: string;
  /** Relative to the folder. */
  readonly path: string;
  /** ms since 1970. */
  readonly startedAt?: number;
  /** Absent where the run is not over, or its files don't say. */
  readonly outcome?: string;
  readonly logAccumBatch?: boolean;
  readonly last: Readonly<Partial<Record<'microStep' | 'step' | 'samples' | 'epoch' | 'time', number>>>;
  readonly loss?: number;
  readonly sources: readonly string[];
  readonly problems: readonly string[];
}

async function listRuns(dir: string, options: CommonOptions, context: CommandContext): Promise<void> {
  const store = await read(dir, context);
  const runs = store.runs.map((run) => listed(run, store)).sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  const problems = store.problems.map(({ path, message }) => `${path}: ${message}`);
  const output = createOutput(context, options);
  output.json({ root: store.root, runs, problems });
  printRuns(runs, output);
  const told = [...runs.flatMap((run) => run.problems), ...problems];
  for (const problem of told) context.io.stderr.write(`microbatch: ${printable(problem, 400)}\n`);
  if (told.length > 0) context.exitWith(EXIT.failed);
  else if (runs.length === 0) throw new CommandError(`there is no run at ${printable(dir)}`);
}

async function read(dir: string, { io }: CommandContext): Promise<RunStore> {
  const progress = createProgress(io, 'runs');
  try {
    const store = await openRunStore(dir);
    await store.find();
    await store.read(() => {
      progress.update(store.runs.filter(({ isLoaded }) => isLoaded).length, store.runs.length);
    });
    return store;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw folderError(error, dir) ?? new CommandError((error as Error).message);
  } finally {
    progress.stop();
  }
}

function listed(run: Run, { root }: RunStore): ListedRun {
  const { facts, path, sources } = run;
  const { id, startedAt, outcome, logAccumBatch } = facts;
  const series = seriesOf(run);
  const losses = LOSSES.map((tag) => series.get(tag)?.series).find((one) => one !== undefined && one.length > 0);
  const { logged: _, ...last } = sources[0] === undefined ? {} : lastClocks(sources[0].clocks);
  return {
    ...(id !== undefined && { id }),
    name: nameOf(run, root),
    path: path === '.' ? relative(root, run.files.home) || '.' : path,
    ...(startedAt !== undefined && { startedAt }),
    ...(outcome !== undefined && { outcome }),
    ...(logAccumBatch !== undefined && { logAccumBatch }),
    last,
    ...(losses && { loss: losses.values.values[losses.length - 1]! }),
    sources: sources.map(({ kind }) => kind),
    problems: run.problems.map((problem) => `${problem.path}: ${problem.message}`),
  };
}

const LOSSES = ['train/loss', 'raw_loss', 'loss'];
const HEAD = ['run', 'started', 'state', 'micro-batches', 'steps', 'epoch', 'loss', 'files', 'folder'];
const NUMBERS = [3, 4, 5, 6];
const SHORT: Readonly<Record<string, string>> = { journal: 'journal', wandb: 'W&B', tensorboard: 'TensorBoard' };

function printRuns(runs: readonly ListedRun[], output: Output): void {
  if (runs.length === 0) return;
  const rows = runs.map(({ name, startedAt, outcome, last, loss, sources, path }) => [
    printable(name, 40),
    startedAt === undefined ? '' : new Date(startedAt).toISOString().slice(0, 16).replace('T', ' '),
    outcome ?? (sources[0] === 'tensorboard' ? '' : 'not over'),
    ...[last.microStep, last.step].map((count) => count?.toLocaleString('en') ?? ''),
    last.epoch === undefined ? '' : String(Math.round(100 * last.epoch) / 100),
    loss?.toPrecision(4) ?? '',
    sources.map((kind) => SHORT[kind] ?? kind).join(' '),
    printable(path, 60),
  ]);
  const [head, ...lines] = tableLines(HEAD, rows, (column) => NUMBERS.includes(column));
  output.line(output.bold(head!));
  for (const line of lines) output.line(line);
}
