import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../../scripts/bootstrap/root.mjs';

/** A `microbatch view` that serves. */
export interface ViewServer {
  /** The page, its token in it. */
  readonly url: string;
  /** Ends it as Ctrl-C does, and resolves once it is gone. */
  stop(): Promise<void>;
}

/** Starts `microbatch view` on a folder, on any free port. Rejects where it ends before it serves. */
export async function serveView(dir: string): Promise<ViewServer> {
  const program = join(root, 'packages/inspector/bin/microbatch.js');
  const child = spawn(process.execPath, [program, 'view', dir, '--no-open', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const printed = await Promise.race([
    once(child.stdout, 'data'),
    ended.then(([code]) => Promise.reject(new Error(`microbatch view ended with ${code}`))),
  ]);
  return {
    url: (JSON.parse(String(printed[0])) as { url: string }).url,
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
