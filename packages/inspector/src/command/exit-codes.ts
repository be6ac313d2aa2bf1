/** How a command ended; `--help` and the README list them. */
export const EXIT = {
  /** Done, and nothing to complain about. */
  ok: 0,
  /** Something was found or failed, as the output says. */
  failed: 1,
  /** The command line asks for what there is not: an unknown option, a wrong value, a path without runs. */
  usage: 2,
  /** Ctrl-C, as shells have it. */
  interrupted: 130,
  /** Nobody reads the output any more, as shells have it for SIGPIPE. */
  outputClosed: 141,
  /** Asked to end by SIGTERM, as shells have it. */
  terminated: 143,
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
