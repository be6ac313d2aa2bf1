import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

/** A training program, whose output is read. */
export interface TrainingProgram {
  readonly output: Readable;
  /** Resolves with its exit code, as shells have it: 128 and more for a signal. */
  readonly ended: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program, with the terminal's input and errors its own. Rejects with the system's error where there is none. */
export async function startProgram(command: readonly string[]): Promise<TrainingProgram> {
  const [program, ...args] = command;
  // Python holds lines back where nobody watches: a live run would be minutes behind.
  const env = { PYTHONUNBUFFERED: '1', ...process.env };
  const child: ChildProcessByStdio<null, Readable, null> = spawn(program!, args, {
    env,
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  await once(child, 'spawn');
  const ended = once(child, 'exit').then(([code, signal]) =>
    codeOf(code as number | null, signal as NodeJS.Signals | null),
  );
  return { output: child.stdout, ended, kill: (signal) => void child.kill(signal) };
}

function codeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
