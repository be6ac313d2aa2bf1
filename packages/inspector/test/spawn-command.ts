import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The command as users start it: built, in a process of its own. */
export const BIN: string = fileURLToPath(new URL('../bin/microbatch.js', import.meta.url));

/** A command at work. */
export interface SpawnedCommand {
  readonly process: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  /** Resolves when standard output or error has that text; rejects where the command ends without it. */
  says(text: string): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts the command, with none of W&B's and the test runner's variables but those given. */
export function spawnCommand(
  args: readonly string[],
  { env = {}, cwd = process.cwd() }: { env?: Record<string, string>; cwd?: string } = {},
): SpawnedCommand {
  return watch(spawn(process.execPath, [BIN, ...args], { env: { ...bareEnvironment(), ...env }, cwd }));
}

/** Starts a shell's pipeline in a process group of its own; `microbatch` is the command in it, `node` this Node. */
export function spawnPipeline(
  pipeline: string,
  { env = {}, cwd = process.cwd() }: { env?: Record<string, string>; cwd?: string } = {},
): SpawnedCommand {
  const functions = `microbatch() { exec "$NODE" "$BIN" "$@"; }; node() { exec "$NODE" "$@"; }`;
  const own = { NODE: process.execPath, BIN };
  const child = spawn('bash', ['-c', `${functions}\n${pipeline}`], {
    env: { ...bareEnvironment(), ...own, ...env },
    cwd,
    detached: true,
  });
  onTestFinished(() => killGroup(child.pid!));
  return watch(child);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

function bareEnvironment(): Record<string, string> {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(WANDB_|NODE_|VITEST|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  return Object.fromEntries(others) as Record<string, string>;
}

function watch(child: ChildProcessWithoutNullStreams): SpawnedCommand {
  const text = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  let isOver = false;
  const wake = () => {
    for (const listener of listeners) listener();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece;
      wake();
    });
  }
  // A command that has ended reads no more.
  child.stdin.on('error', () => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true;
    wake();
    return (signal ?? code) as number | NodeJS.Signals;
  });
  return {
    process: child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended,
    says: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (text.stdout.includes(wanted) || text.stderr.includes(wanted)) resolve();
          else if (isOver)
            reject(new Error(`the command ended without saying ${wanted}: ${text.stdout}${text.stderr}`));
        };
        listeners.add(look);
        look();
      }),
  };
}
