import { basename, dirname } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import { plural } from '../plural.js';
import { type SyncedLog, syncLogs } from '../sync/sync-logs.js';
import { findSources } from '../verify/find-sources.js';
import { createFindings } from '../verify/finding.js';
import { type CommandContext, type CommonOptions, type Subcommand, withCommonOptions } from './command-context.js';
import { CommandError, EXIT } from './exit-codes.js';
import { onInterrupt } from './interrupts.js';
import { positiveInteger } from './option-parsers.js';
import { createOutput, type Output } from './output.js';
import { printable } from './printable.js';
import { createProgress } from './progress.js';

const HELP = `
Uploads what Weights & Biases has not got: runs that were logged offline, and those whose upload was cut off. Each row goes
there once, also where an earlier upload was killed in the middle of a request. Runs that another process writes or uploads
are left to it. While the server is away it waits and tries again: Ctrl-C, or --timeout, gives up, and the next sync goes on
from there. The key comes from WANDB_API_KEY or ~/.netrc, never from the command line, which everybody can read.

Exit codes: 0 the server has everything; 1 something is left, as the output says; 2 there is no key or no run;
130 interrupted.

Examples:
  $ microbatch sync                                  all runs at and below this folder
  $ microbatch sync runs/a/wandb/offline-run-20260102_030405-digits
  $ WANDB_BASE_URL=https://wandb.example.com microbatch sync runs --timeout 600
  $ microbatch sync --dry-run`;

interface SyncFlags extends CommonOptions {
  readonly baseUrl?: string;
  readonly timeout?: number;
  readonly dryRun?: boolean;
}

/** `microbatch sync`. */
export const addSync: Subcommand = (program, context) => {
  withCommonOptions(program.command('sync'))
    .description('Uploads offline and interrupted W&B runs, each row once.')
    .argument('[dirs...]', 'run folders, or folders above them; the current folder by default')
    .option('--base-url <url>', 'the server (default: WANDB_BASE_URL, or https://api.wandb.ai)')
    .option('--timeout <seconds>', 'give up after so long', positiveInteger)
    .option('--dry-run', 'only say which runs there are')
    .addHelpText('after', HELP)
    .action((dirs: string[], flags: SyncFlags) => sync(dirs.length === 0 ? ['.'] : dirs, flags, context));
};

async function sync(dirs: readonly string[], flags: SyncFlags, context: CommandContext): Promise<void> {
  const { io } = context;
  const output = createOutput(context, flags);
  const complain = (message: string) => io.stderr.write(`microbatch: ${printable(message, 400)}\n`);
  const findings = createFindings();
  const { wandbLogs } = findSources(dirs, findings);
  for (const { file, message } of findings.list()) complain(`${file}: ${message}`);
  if (wandbLogs.length === 0)
    throw new CommandError(`there is no W&B run at ${dirs.map((dir) => printable(dir)).join(', ')}`);
  if (findings.faults > 0) context.exitWith(EXIT.failed);
  if (flags.dryRun) {
    for (const path of wandbLogs) output.line(printable(path));
    output.json({ runs: wandbLogs.map((path) => ({ path })) });
    return;
  }

  const giveUp = new AbortController();
  const timer = flags.timeout === undefined ? undefined : setTimeout(() => giveUp.abort(), 1000 * flags.timeout);
  const interrupts = onInterrupt(() => giveUp.abort());
  const progress = createProgress(io, 'lines');
  let runs: readonly SyncedLog[];
  try {
    runs = await syncLogs(wandbLogs, {
      ...(flags.baseUrl !== undefined && { baseUrl: flags.baseUrl }),
      signal: giveUp.signal,
      onProgress: (path, { read, acknowledged }) => progress.update(sum(acknowledged), sum(read), nameOf(path)),
      onNotice: (path, message) => {
        progress.stop();
        complain(`${nameOf(path)}: ${message}`);
      },
      onSynced(log) {
        progress.stop();
        printLog(log, output);
      },
    });
  } catch (error) {
    if (error instanceof LoggerError || error instanceof TypeError) throw new CommandError(error.message);
    throw error;
  } finally {
    progress.stop();
    clearTimeout(timer);
    interrupts.release();
  }
  const notBegun = wandbLogs.length - runs.length;
  output.json({ runs, notBegun });
  printSum(runs, notBegun, output);
  if (interrupts.signal !== undefined) {
    context.exitWith(interrupts.signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
  } else if (notBegun > 0 || runs.some(({ outcome }) => outcome !== 'uploaded' && outcome !== 'there')) {
    context.exitWith(EXIT.failed);
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** The name under which people know a log: its run's folder. */
function nameOf(path: string): string {
  return basename(dirname(path));
}

const WORDS = {
  uploaded: 'uploaded',
  there: 'is there already',
  busy: 'left to another process',
  left: 'NOT uploaded',
  'given-up': 'given up: sync again to go on',
} as const;

function printLog({ path, outcome, url, rows, error }: SyncedLog, output: Output): void {
  const paint =
    outcome === 'left' ? output.red : outcome === 'uploaded' || outcome === 'there' ? output.green : output.yellow;
  const count = outcome === 'uploaded' ? `, ${plural(rows.acknowledged, 'row')}` : '';
  const address = url === undefined ? '' : `  ${printable(url)}`;
  output.line(`${printable(nameOf(path))}  ${paint(WORDS[outcome])}${count}${address}`);
  if (error !== undefined) output.line(`  ${printable(error.message, 600)}`);
}

function printSum(runs: readonly SyncedLog[], notBegun: number, output: Output): void {
  const count = (...outcomes: string[]) => runs.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const left = count('left', 'busy', 'given-up') + notBegun;
  output.line(`${count('uploaded')} uploaded, ${count('there')} there already, ${left} left`);
}
