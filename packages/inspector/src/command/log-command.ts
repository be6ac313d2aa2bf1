import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { createLineLog, type KnownEnd, type LineLog, type LoggedLines } from '../log/log-lines.js';
import { startProgram, type TrainingProgram } from '../log/training-program.js';
import { plural } from '../plural.js';
import { type CommandContext, type Subcommand, withCommonOptions } from './command-context.js';
import { CommandError, EXIT } from './exit-codes.js';
import { type Interrupts, onInterrupt } from './interrupts.js';
import {
  annealer,
  collect,
  configObject,
  type LogFlags,
  loggersOf,
  planOf,
  policyOf,
  runOf,
  scheduleBound,
} from './log-flags.js';
import { LOG_HELP } from './log-help.js';
import { layoutOption, logAccumBatchOption, namesOption, positiveInteger, stepAxisOption } from './option-parsers.js';
import { createOutput } from './output.js';
import { passThroughOutput } from './pass-through.js';
import { printable } from './printable.js';
import { checkingOptions } from './usage.js';

/** `microbatch log`. */
export const addLog: Subcommand = (program, context) => {
  const command = withCommonOptions(program.command('log'))
    .description(
      'Logs micro-batches that another program prints, one JSON object a line; passes everything else through.',
    )
    .argument('[command...]', 'the training program, behind --; standard input is read where there is none');
  withPolicyOptions(command);
  withLoggerOptions(command);
  command.addHelpText('after', LOG_HELP).action((program: string[], flags: LogFlags) => log(program, flags, context));
};

function withPolicyOptions(command: Command): void {
  command
    .optionsGroup('Accumulation:')
    .option('--accum-batch-size <n>', 'samples that make an optimizer step', positiveInteger)
    .option('--start-accum-batch-size <n>', 'samples in the first windows of a schedule', positiveInteger)
    .option('--final-accum-batch-size <n>', 'samples in its last windows', positiveInteger)
    .option('--start <bound>', 'where a schedule begins: 0.1, 10%, epoch:1, micro-step:100 (default: 0)', scheduleBound)
    .option('--finish <bound>', 'where it has reached its end (default: 30%)', scheduleBound)
    .option('--schedule <annealer>', 'cos, lin, exp, no or poly:POWER (default: cos)', annealer)
    .addOption(
      new Option(
        '--last-window <what>',
        'what an incomplete window at the end of an epoch becomes (default: carry)',
      ).choices(['carry', 'flush', 'drop']),
    )
    .addOption(
      new Option('--normalize <by>', 'what losses are divided by (default: actual)').choices(['actual', 'target']),
    )
    .addOption(logAccumBatchOption())
    .option('--micro-batch-size <n>', "samples of a micro-batch, nominally (default: the first's)", positiveInteger)
    .option('--micro-batches-per-epoch <n>', 'where the program marks no ends of epochs', positiveInteger)
    .option('--epochs <n>', 'how many there will be; a schedule needs both', positiveInteger);
}

function withLoggerOptions(command: Command): void {
  command
    .optionsGroup('Where to:')
    .option('--journal <dir>', 'folder of the journal')
    .option('--tensorboard <dir>', 'folder of the event files')
    .option('--wandb', 'a W&B run; WANDB_* variables are heeded')
    .option('--wandb-dir <dir>', 'folder in which wandb/ is made (default: WANDB_DIR, or .)')
    .addOption(new Option('--wandb-mode <mode>', 'default: WANDB_MODE, or offline').choices(['offline', 'online']))
    .option('--project <name>', 'W&B project')
    .option('--entity <name>', 'W&B user or team')
    .option('--id <id>', 'the id of the run; made up where absent')
    .option('--name <name>', 'the name of the run')
    .option('--tag <tag>', 'a tag of the run; may be repeated', collect)
    .option('--config <json>', 'hyper-parameters: a JSON object, or the path of a file that holds one', configObject)
    .addOption(stepAxisOption())
    .addOption(namesOption())
    .addOption(layoutOption());
}

async function log(command: readonly string[], flags: LogFlags, context: CommandContext): Promise<void> {
  const { io } = context;
  const policy = policyOf(flags);
  const loggers = loggersOf(flags);
  const complain = (message: string) => io.stderr.write(`microbatch: ${printable(message, 400)}\n`);
  const lines = checkingOptions(() =>
    createLineLog({
      policy,
      plan: planOf(flags),
      run: runOf(flags),
      loggers: loggers.map(({ logger }) => logger),
      passThrough: passThroughOutput(context).write,
      onNotice: complain,
    }),
  );
  const program = command.length === 0 ? undefined : await started(command);
  const source = program?.output ?? io.stdin;
  const interrupts = onInterrupt((signal) => interrupt(signal, source, program, complain));
  await readLines(source, lines, interrupts);
  const programCode = await program?.ended;
  await interrupts.settle();
  const logged = await lines.end(knownEnd(interrupts, programCode));
  interrupts.release();
  const places = loggers.map(({ where }) => where());
  createOutput(context, flags).jsonLine({ ...summaryOf(logged), places });
  if (!flags.json) for (const line of textOf(logged, places)) io.stderr.write(`microbatch: ${line}\n`);
  context.exitWith(exitCodeOf(logged, interrupts, programCode));
}

async function started(command: readonly string[]): Promise<TrainingProgram> {
  try {
    return await startProgram(command);
  } catch (error) {
    // As shells have it: not found, or not to be run.
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 127 : 126;
    throw new CommandError(`cannot start ${printable(command[0]!)}: ${(error as Error).message}`, code);
  }
}

/** Ctrl-C goes to the whole pipeline: what the program still prints is logged. SIGTERM is for this command alone. */
function interrupt(
  signal: NodeJS.Signals,
  source: Readable,
  program: TrainingProgram | undefined,
  complain: (message: string) => void,
): void {
  if (signal === 'SIGTERM' && program === undefined) {
    source.destroy();
    return;
  }
  if (signal === 'SIGTERM') program?.kill(signal);
  complain('interrupted: logging what the program still prints; once more ends at once');
}

async function readLines(source: Readable, lines: LineLog, interrupts: Interrupts): Promise<void> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer | string>) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      try {
        await lines.take(bytes);
      } catch (error) {
        // The first micro-batch showed that the options do not fit.
        checkingOptions(() => {
          throw error;
        });
      }
    }
  } catch (error) {
    if (interrupts.signal === undefined || error instanceof CommandError) throw error;
  }
}

function knownEnd({ signal }: Interrupts, programCode: number | undefined): KnownEnd | undefined {
  if (signal !== undefined) return { outcome: 'stopped' };
  if (programCode === undefined || programCode === 0) return undefined;
  return { outcome: 'failed', error: `the program ended with exit code ${programCode}` };
}

function exitCodeOf(
  { run, rejected, error, outcome, receipts }: LoggedLines,
  { signal }: Interrupts,
  programCode: number | undefined,
): number {
  if (programCode !== undefined && programCode !== 0) return programCode;
  if (signal !== undefined) return signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  const isWhole = run !== undefined && rejected === 0 && error === undefined && outcome !== 'failed';
  return isWhole && receipts.every(({ errors }) => errors.length === 0) ? EXIT.ok : EXIT.failed;
}

/** What is printed as JSON: receipts with their errors' messages. */
function summaryOf({ run, receipts, ...logged }: LoggedLines): object {
  return {
    ...(run && { id: run.id, name: run.name }),
    ...logged,
    receipts: receipts.map(({ errors, ...receipt }) => ({ ...receipt, errors: errors.map(({ message }) => message) })),
  };
}

function* textOf(
  { run, microBatches, steps, outcome, error, rejected, receipts }: LoggedLines,
  places: readonly string[],
) {
  if (run === undefined)
    yield 'no micro-batch came, so that there is no run: print {"loss": 0.7, "samples": 8}, one a line';
  else {
    yield `run ${run.id} ${outcome ?? 'failed'}: ${plural(microBatches, 'micro-batch', 'micro-batches')}, ${plural(steps, 'optimizer step')}`;
    if (error !== undefined) yield printable(error, 400);
    for (const [at, { logger, errors }] of receipts.entries()) {
      const [failure] = errors;
      yield `${logger}: ${printable(places[at]!)}${failure === undefined ? '' : `: ${printable(failure.message, 400)}`}`;
    }
  }
  if (rejected === 1) yield '1 line was meant to be a record, but is none: it is not logged';
  else if (rejected > 1) yield `${rejected} lines were meant to be records, but are none: they are not logged`;
}
