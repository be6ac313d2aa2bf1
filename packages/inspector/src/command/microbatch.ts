import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addView } from '../view/view-command.js';
import type { CommandContext, Subcommand } from './command-context.js';
import type { CommandIo } from './command-io.js';
import { CommandError, EXIT } from './exit-codes.js';
import { addLog } from './log-command.js';
import { addReplay } from './replay-command.js';
import { addSync } from './sync-command.js';
import { addVerify } from './verify-command.js';

/** In the order of `--help`. */
const SUBCOMMANDS: readonly Subcommand[] = [
  (program, { io, exitWith }) => addView(program, io, exitWith),
  addVerify,
  addReplay,
  addSync,
  addLog,
];

const HELP = `
Exit codes:
  0    done
  1    something was found or failed, as the output says
  2    the command line asks for what there is not
  130  interrupted by Ctrl-C (141: nobody reads the output any more; 143: SIGTERM)

Examples:
  $ microbatch verify runs
  $ microbatch replay runs/a/digits.microbatch.jsonl --tensorboard runs/by-step --step-axis accumulated
  $ microbatch sync
  $ python train.py | microbatch log --accum-batch-size 256 --tensorboard runs/a`;

/**
 * Runs the `microbatch` command with `args`, those behind its name, and resolves with its exit code. Reads and writes `io`'s
 * streams, the process's own by default; never rejects for what a user can do wrong.
 */
export async function microbatch(args: readonly string[], io: CommandIo = process): Promise<number> {
  let exitCode: number = EXIT.ok;
  let outputClosed: () => void = () => process.exit(EXIT.outputClosed);
  const onError = ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return outputClosed();
    io.stderr.write(`microbatch: standard output: ${message}\n`);
    exitCode = EXIT.failed;
  };
  io.stdout.on('error', onError);
  const context: CommandContext = {
    io,
    exitWith(code) {
      exitCode = code;
    },
    onOutputClosed(listener) {
      outputClosed = listener;
    },
  };
  try {
    await program(context).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CommandError)) throw error;
    io.stderr.write(`microbatch: ${error.message}\n`);
    return error.exitCode;
  } finally {
    // What is still on its way when this returns may yet find that nobody reads it.
    if (io !== process) io.stdout.off('error', onError);
  }
}

function program(context: CommandContext): Command {
  const { stdout, stderr } = context.io;
  const command = new Command('microbatch')
    .description('Looks at runs of gradient accumulation, audits, replays, uploads and logs them.')
    .version(version(), '--version')
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText('after', HELP);
  for (const add of SUBCOMMANDS) add(command, context);
  return command;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
