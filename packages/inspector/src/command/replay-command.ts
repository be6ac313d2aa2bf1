import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger, Receipt } from '@microbatch/core';
import { assertAxisFits, LoggerError, type NamingScheme, type RunInfo, type StepAxis } from '@microbatch/core/logger';
import { type Layout, tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { plural } from '../plural.js';
import { recordedAs } from '../replay/record-as.js';
import { beginningOf, type JournalBeginning, type ReplayResult, replay } from '../replay/replay.js';
import { type CommandContext, type CommonOptions, type Subcommand, withCommonOptions } from './command-context.js';
import { CommandError, EXIT } from './exit-codes.js';
import { layoutOption, logAccumBatchOption, namesOption, stepAxisOption } from './option-parsers.js';
import { createOutput, type Output } from './output.js';
import { printable } from './printable.js';
import { createProgress } from './progress.js';
import { checkingOptions } from './usage.js';

const HELP = `
Writes what a run logged once more, by the same loggers: with other options, on another axis or with other names. A journal
that goes on from a checkpoint is replayed from the run's beginning: it names the journals before it. Give the journals of a
run that was resumed without checkpoints in their order. The W&B run is written offline, as a run beside the first one, which
has its rows: its id ends in -replay unless --id says otherwise. Upload it by microbatch sync. Event files go to a folder that
has none.

Exit codes: 0 all events were written; 1 the journal is damaged or torn, or a logger failed: the rest is written;
2 an option or a path is wrong.

Examples:
  $ microbatch replay runs/a/digits.microbatch.jsonl --tensorboard runs/by-step --step-axis accumulated
  $ microbatch replay runs/a/digits.microbatch.jsonl --wandb runs/fastai --names fastai --log-accum-batch=false --id digits-fastai
  $ microbatch replay digits.microbatch.jsonl digits-2.microbatch.jsonl --tensorboard runs/b --layout split`;

interface ReplayFlags extends CommonOptions {
  readonly tensorboard?: string;
  readonly wandb?: string;
  readonly stepAxis?: StepAxis;
  readonly names?: NamingScheme;
  readonly layout?: Layout;
  readonly logAccumBatch?: boolean;
  readonly project?: string;
  readonly id?: string;
}

/** What became of one journal. */
interface Replayed extends Omit<ReplayResult, 'receipts'> {
  readonly outputs: readonly {
    readonly logger: string;
    readonly path: string;
    readonly written: number;
    readonly error?: string;
  }[];
}

/** `microbatch replay`. */
export const addReplay: Subcommand = (program, context) => {
  withCommonOptions(program.command('replay'))
    .description('Rebuilds TensorBoard or W&B output from a journal, on another axis or with other names.')
    .argument('<journals...>', 'the journal of a run, or those of a resumed run')
    .option('--tensorboard <dir>', 'folder for event files')
    .option('--wandb <dir>', 'folder in which wandb/offline-run-… is made')
    .addOption(stepAxisOption())
    .addOption(namesOption())
    .addOption(layoutOption())
    .addOption(logAccumBatchOption())
    .option('--project <name>', "W&B project (default: the run's own)")
    .option('--id <id>', "W&B run id (default: the run's own, and -replay)")
    .addHelpText('after', HELP)
    .action((journals: string[], flags: ReplayFlags) => replayAll(journals, flags, context));
};

async function replayAll(journals: readonly string[], flags: ReplayFlags, context: CommandContext): Promise<void> {
  const parts = await partsOf(journals, flags);
  assertTargets(flags);
  const { io } = context;
  const output = createOutput(context, flags);
  const results: Replayed[] = [];
  for (const { path, run } of parts) {
    const progress = createProgress(io, 'events');
    const targets = targetsOf(flags, run);
    const { receipts, ...result } = await attempt(() =>
      replay(
        path,
        targets.map(({ logger }) => logger),
        {
          ...(flags.logAccumBatch === undefined ? {} : { logAccumBatch: flags.logAccumBatch }),
          onProgress: (events, all) => progress.update(events, all, path),
          onNotice: (message) => io.stderr.write(`microbatch: ${printable(message, 400)}\n`),
        },
      ),
    ).finally(progress.stop);
    const outputs = targets.map(({ pathOf }, index) => outputOf(receipts[index]!, pathOf()));
    results.push({ ...result, outputs });
    printReplayed(results.at(-1)!, output);
  }
  output.json({ journals: results });
  const isWhole = results.every(({ damaged, end }) => damaged === 0 && end !== 'torn-line');
  if (!isWhole || results.some(({ outputs }) => outputs.some(({ error }) => error !== undefined))) {
    context.exitWith(EXIT.failed);
  }
}

type Part = JournalBeginning & { readonly path: string };

/** What is to be replayed: of a run with checkpoints its newest journal, which names the others; else all of them. */
async function partsOf(journals: readonly string[], { logAccumBatch, stepAxis }: ReplayFlags): Promise<Part[]> {
  const parts: Part[] = [];
  for (const path of journals) {
    const beginning = await attempt(() => beginningOf(path));
    if (beginning === undefined) {
      throw new CommandError(`${printable(path)} holds no run: it has no run-start`, EXIT.failed);
    }
    const { run } = beginning;
    const [first] = parts;
    if (first !== undefined && first.run.id !== run.id) {
      throw new CommandError(`these journals are of several runs (${first.run.id}, ${run.id}): replay one at a time`);
    }
    if (stepAxis !== undefined) {
      checkingOptions(() => assertAxisFits(stepAxis, recordedAs(run, logAccumBatch ?? run.logAccumBatch)));
    }
    parts.push({ ...beginning, path });
  }
  if (!parts.some(({ isResumed }) => isResumed)) return parts;
  return [parts.reduce((newest, part) => (part.time >= newest.time ? part : newest))];
}

function assertTargets({ tensorboard, wandb }: ReplayFlags): void {
  if (tensorboard === undefined && wandb === undefined) {
    throw new CommandError('say where to: --tensorboard DIR, --wandb DIR, or both');
  }
  if (tensorboard === undefined) return;
  const folders = [tensorboard, join(tensorboard, 'train'), join(tensorboard, 'validation')];
  const taken = folders.flatMap((folder) => namesIn(folder).filter((name) => name.includes('tfevents')));
  if (taken.length === 0) return;
  throw new CommandError(
    `${printable(tensorboard)} has event files already, and TensorBoard would show both: name another folder`,
  );
}

interface Target {
  readonly logger: Logger;
  /** Where it has written. */
  pathOf(): string;
}

function targetsOf(flags: ReplayFlags, run: RunInfo): Target[] {
  const { stepAxis, names, layout } = flags;
  const shared = { ...(stepAxis && { stepAxis }), ...(names && { names }) };
  const targets: Target[] = [];
  const logDir = flags.tensorboard;
  if (logDir !== undefined) {
    const logger = checkingOptions(() => tensorboard({ logDir, ...shared, ...(layout && { layout }) }));
    targets.push({ logger, pathOf: () => logDir });
  }
  const dir = flags.wandb;
  if (dir !== undefined) {
    const before = new Set(wandbFolders(dir));
    const project = flags.project ?? run.project;
    const quiet = { quiet: true, systemMetrics: false, saveGit: false } as const;
    const id = flags.id ?? replayId(run.id);
    const logger = checkingOptions(() =>
      wandb({ dir, mode: 'offline', id, ...(project && { project }), ...shared, ...quiet }),
    );
    targets.push({ logger, pathOf: () => wandbFolders(dir).find((folder) => !before.has(folder)) ?? dir });
  }
  return targets;
}

/** Of another run: W&B's server would put the same rows behind those that the run has. At most 64 characters. */
function replayId(runId: string): string {
  return `${runId.slice(0, 64 - REPLAY_SUFFIX.length)}${REPLAY_SUFFIX}`;
}

const REPLAY_SUFFIX = '-replay';

/** Of a folder that may not be there yet. Throws a `CommandError` for what can be no folder of an output. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new CommandError(code === 'ENOTDIR' ? `${printable(folder)} is no folder` : printable(message, 400));
  }
}

function wandbFolders(dir: string): string[] {
  const parent = join(dir, 'wandb');
  return namesIn(parent)
    .filter((name) => name.startsWith('offline-run-'))
    .map((name) => join(parent, name));
}

function outputOf({ logger, written, errors }: Receipt, path: string): Replayed['outputs'][number] {
  const [error] = errors;
  return { logger, path, written, ...(error && { error: error.message }) };
}

function printReplayed({ path, events, damaged, end, outputs }: Replayed, output: Output): void {
  output.line(`${printable(path)}: ${plural(events, 'event')}`);
  if (damaged > 0) output.line(`  ${output.red(`${plural(damaged, 'damaged line')} left out`)}`);
  if (end === 'torn-line') output.line(`  ${output.red('its last line is torn, and left out')}`);
  if (end === 'no-run-end') output.line(`  ${output.yellow('its run is not over: what is written ends as stopped')}`);
  for (const { logger, path: folder, error } of outputs) {
    output.line(
      `  ${logger.padEnd(12)} ${printable(folder)}${error === undefined ? '' : `  ${output.red(printable(error))}`}`,
    );
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LoggerError) throw new CommandError(printable(error.message, 400), EXIT.failed);
    throw error;
  }
}
