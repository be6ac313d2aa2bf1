import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { KEY } from './upload-server.js';

/** How a program ends once it has logged everything; the test ends one that waits. */
export type ProgramEnd = 'finish' | 'return' | 'exit' | 'throw' | 'reject' | 'wait' | 'never yield';

export interface ProgramJob {
  readonly api: 'startRun' | 'wandb';
  readonly options: object;
  readonly rows: number;
  readonly parts: number;
  readonly end: ProgramEnd;
  readonly pace: number;
}

/** What a program said. */
export interface ProgramEvent {
  readonly opened?: boolean;
  /** Rows that are logged so far. */
  readonly logged?: number;
  readonly notice?: { readonly code: string; readonly message: string };
  /** `finish()` has resolved. */
  readonly finished?: boolean;
  /** `finish()` has rejected. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** A program that logs a run, in a process of its own, on the built packages. */
export interface Program {
  readonly process: ChildProcess;
  readonly events: readonly ProgramEvent[];
  readonly stderr: () => string;
  /** Resolves with the first event of which `isMeant`; rejects where the program ends without one. */
  told(isMeant: (event: ProgramEvent) => boolean): Promise<ProgramEvent>;
  /** Lets it log its next part; resolves when that is logged. */
  nextPart(): Promise<void>;
  /** Its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

const SCRIPT = fileURLToPath(new URL('./children/fault-run.mjs', import.meta.url));

/** Runs `children/fault-run.mjs` in a process group of its own, with none of W&B's variables but the key. */
export function startProgram(
  job: ProgramJob,
  about: { readonly cwd: string; readonly command?: (script: readonly string[]) => readonly string[] },
): Program {
  const { cwd, command = (script) => [process.execPath, ...script] } = about;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(WANDB_|NODE_|VITEST)/.test(name)));
  const [program, ...args] = command([SCRIPT, JSON.stringify(job)]);
  const child = spawn(program!, args, { cwd, env: { ...env, WANDB_API_KEY: KEY }, detached: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  const events: ProgramEvent[] = [];
  const listeners = new Set<() => void>();
  let stderr = '';
  let parts = 0;
  let isOver = false;
  const wake = () => {
    for (const listener of listeners) listener();
  };
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  // A program that was killed reads no more.
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) events.push(JSON.parse(line));
    wake();
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true;
    wake();
    return (signal ?? code) as number | NodeJS.Signals;
  });

  function told(isMeant: (event: ProgramEvent) => boolean): Promise<ProgramEvent> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const event = events.find(isMeant);
        if (event !== undefined) resolve(event);
        else if (isOver) reject(new Error(`the program has ended:\n${stderr}`));
        else return;
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  }

  return {
    process: child,
    events,
    stderr: () => stderr,
    told,
    async nextPart() {
      parts++;
      if (parts === job.parts) child.stdin.end('\n');
      else child.stdin.write('\n');
      await told(({ logged }) => logged === (job.rows * parts) / job.parts);
    },
    ended,
  };
}
