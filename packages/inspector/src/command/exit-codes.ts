/** How a command ended; `--help` and the README list them. */
export const EXIT = {
  /** Done, and nothing to complain about. */
  ok: 0,
  /** Something was found or failed, as the output says. */
  failed: 1,
  /** The command line asks for what there is not: an unknown option, a wrong value, a path that holds no run. */
  usage: 2,
} as const;

/** A command that can't go on. Its message is all that the user sees. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.usage) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
