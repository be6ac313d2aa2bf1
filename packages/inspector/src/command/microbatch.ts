import { Command, CommanderError } from 'commander';
import { addView } from '../view/view-command.js';
import type { CommandIo } from './command-io.js';
import { CommandError, EXIT } from './exit-codes.js';

/** Adds a subcommand. Its action says by `exitWith` how it ended, where not with 0. */
export type Subcommand = (program: Command, io: CommandIo, exitWith: (exitCode: number) => void) => void;

/** In the order of `--help`; a line each. */
const SUBCOMMANDS: readonly Subcommand[] = [addView];

/**
 * Runs the `microbatch` command with `args`, those behind its name, and resolves with its exit code. Writes to `io`'s
 * streams, the process's own by default; never rejects for what a user can do wrong.
 */
export async function microbatch(args: readonly string[], io: CommandIo = process): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = new Command('microbatch')
    .description('Looks at runs of gradient accumulation, audits, replays, uploads and logs them.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  for (const add of SUBCOMMANDS) {
    add(program, io, (code) => {
      exitCode = code;
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CommandError)) throw error;
    io.stderr.write(`microbatch: ${error.message}\n`);
    return error.exitCode;
  }
}
