import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { CommandContext } from './command-context.js';
import type { CommandIo } from './command-io.js';
import { CommandError, EXIT } from './exit-codes.js';
import { SUBCOMMANDS } from './subcommands.js';

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
    await (await program(context, args)).parseAsync(args, { from: 'user' });
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

/** Loads the subcommand that is meant, and of the others what help says of them: all together would take half a second. */
async function program(context: CommandContext, args: readonly string[]): Promise<Command> {
  const { stdout, stderr } = context.io;
  const command = new Command('microbatch')
    .description('Looks at runs of gradient accumulation, audits, replays, uploads and logs them.')
    .version(version(), '--version')
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText('after', HELP);
  const meant = args[0] === 'help' ? args[1] : args[0];
  for (const { name, args: its, summary, load } of SUBCOMMANDS) {
    if (name === meant) (await load())(command, context);
    else command.command(`${name} ${its}`).summary(summary);
  }
  return command;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
