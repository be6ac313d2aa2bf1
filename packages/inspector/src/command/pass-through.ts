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
  context.onOutputClosed(() => {
    isClosed = true;
    wake();
  });
  return {
    write(bytes) {
      if (isClosed || stdout.write(bytes)) return undefined;
      return new Promise((resolve) => {
        wake = resolve;
        stdout.once('drain', resolve);
      });
    },
  };
}
