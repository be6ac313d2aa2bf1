import cliProgress from 'cli-progress';
import type { CommandIo } from './command-io.js';
import { printable } from './printable.js';

/** Shows how far long work is. */
export interface Progress {
  /** `total` may grow. */
  update(done: number, total: number, what?: string): void;
  /** Takes the bar away. */
  stop(): void;
}

const LABEL = 32;

/** A bar on standard error, where that is a terminal. `unit` is what is counted. */
export function createProgress({ stderr }: Pick<CommandIo, 'stderr'>, unit: string): Progress {
  if (stderr.isTTY !== true) return { update() {}, stop() {} };
  const bar = new cliProgress.SingleBar(
    {
      stream: stderr as NodeJS.WritableStream,
      format: `[{bar}] {value}/{total} ${unit} {what}`,
      barsize: 20,
      fps: 8,
      clearOnComplete: true,
      // Nothing of the terminal's that a command which is killed would have to restore.
      linewrap: true,
      hideCursor: false,
      gracefulExit: false,
    },
    cliProgress.Presets.rect,
  );
  let isStarted = false;
  return {
    update(done, total, what = '') {
      const payload = { what: printable(what.length > LABEL ? `…${what.slice(1 - LABEL)}` : what) };
      if (!isStarted) bar.start(total, done, payload);
      isStarted = true;
      bar.setTotal(total);
      bar.update(done, payload);
    },
    stop: () => bar.stop(),
  };
}
