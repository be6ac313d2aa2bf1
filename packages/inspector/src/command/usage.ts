import { CommandError } from './exit-codes.js';

/** Does what misuse of an option makes a `TypeError` or `RangeError`, which becomes what the user is told, in flags. */
export function checkingOptions<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new CommandError(inFlags(error.message));
    throw error;
  }
}

/** Options by their flags: `accumBatchSize` is `--accum-batch-size` on a command line. */
function inFlags(message: string): string {
  return message.replace(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, (name) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return FLAGS.has(flag) ? `--${flag}` : name;
  });
}

const FLAGS = new Set([
  'accum-batch-size',
  'start-accum-batch-size',
  'final-accum-batch-size',
  'micro-batch-size',
  'micro-batches-per-epoch',
  'last-window',
  'log-accum-batch',
  'step-axis',
]);
