import { type Command, Option } from 'commander';
import type { CommandIo } from './command-io.js';

/** What a subcommand's action works with. */
export interface CommandContext {
  readonly io: CommandIo;
  /** How the command ended, where not with 0. */
  exitWith(exitCode: number): void;
  /** Takes the place of what happens where nobody reads standard output any more: the command ends. */
  onOutputClosed(listener: () => void): void;
}

/** Adds a subcommand to the program. */
export type Subcommand = (program: Command, context: CommandContext) => void;

/** What every subcommand has. */
export interface CommonOptions {
  readonly json?: boolean;
  /** False by `--no-color`. */
  readonly color: boolean;
}

/** Adds the options that every subcommand has. */
export function withCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print one JSON document instead of text'))
    .addOption(new Option('--no-color', 'no colours (as NO_COLOR=1, and where the output is no terminal)'));
}
