import type { CommandContext } from './command-context.js';

/** Standard output as it takes what is only handed on. */
export interface PassThroughOutput {
  /** A promise to wait for where the reader is slow; nothing is written any more once it is gone. */
  write(bytes: Buffer): Promise<void> | undefined;
}

/** From here on, a reader that goes does not end the command. */
export function passThroughOutput(context: CommandContext): PassThroughOutput {
  const { stdout } = context.io;
  let isClosed = false;
  let wake = () => {};
  // One for all that is written until then: each of them would else wait, and be woken, alone.
  let waiting: Promise<void> | undefined;
  context.onOutputClosed(() => {
    isClosed = true;
    wake();
  });
  return {
    write(bytes) {
      if (isClosed || stdout.write(bytes)) return undefined;
      waiting ??= new Promise<void>((resolve) => {
        wake = resolve;
        stdout.once('drain', resolve);
      }).then(() => (waiting = undefined));
      return waiting;
    },
  };
}
