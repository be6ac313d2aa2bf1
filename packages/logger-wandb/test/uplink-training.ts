import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { PlainMessage } from '../src/log/proto.js';
import { isAlive, type ProcessIdentity } from '../src/upload/process-identity.js';
import type { UploadEnd } from '../src/upload/uplink-messages.js';
import { lockPath } from '../src/upload/upload-lock.js';
import { KEY, type KeptRun, type UploadServer } from './upload-server.js';

/** What a training was told. */
export interface TrainingEvent {
  readonly url?: string;
  readonly stopRequested?: boolean;
  readonly notice?: { readonly code: string; readonly message: string };
  readonly written?: boolean;
  readonly end?: UploadEnd;
}

/** A process that writes a log and uploads it meanwhile. */
export interface Training {
  readonly process: ChildProcess;
  readonly events: TrainingEvent[];
  /** Resolves with the first event that has a field. */
  told(field: keyof TrainingEvent): Promise<TrainingEvent>;
  /** Resolves when it has ended, with its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

const SCRIPT = fileURLToPath(new URL('./children/uplink-run.mjs', import.meta.url));

/** Runs `children/uplink-run.mjs` in a process group of its own. */
export function startTraining(job: {
  readonly logPath: string;
  readonly baseUrl: string;
  readonly records: readonly PlainMessage[];
  readonly late?: readonly PlainMessage[];
  readonly end: 'finish' | 'exit' | 'exit at once' | 'exit after release' | 'throw' | 'return' | 'wait';
  readonly pace?: number;
}): Training {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...env, UPLOAD_KEY: KEY },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  child.stdin.end(JSON.stringify(job));
  const events: TrainingEvent[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line));
    for (const listener of listeners) listener();
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    process: child,
    events,
    told(field) {
      return new Promise((resolve) => {
        const look = () => {
          const event = events.find((one) => field in one);
          if (event !== undefined) resolve(event);
        };
        listeners.add(look);
        look();
      });
    },
    ended: once(child, 'close').then(([code, signal]) => signal ?? code),
  };
}

/** The process that uploads a log now; that it is gone when the test is over is checked. */
export function uploaderOf(logPath: string): ProcessIdentity {
  const { uploader } = JSON.parse(readFileSync(lockPath(logPath), 'utf8')) as { uploader: ProcessIdentity };
  onTestFinished(() => {
    if (!isAlive(uploader)) return;
    process.kill(uploader.pid, 'SIGKILL');
    throw new Error(`the uploader ${uploader.pid} outlived its test`);
  });
  return uploader;
}

/** Resolves when a process is gone. */
export async function gone(one: ProcessIdentity): Promise<void> {
  await expect.poll(() => isAlive(one), { timeout: 20_000, interval: 10 }).toBe(false);
}

/** Resolves when the server has a run's end. */
export function completed(server: UploadServer, run: () => KeptRun | undefined): Promise<void> {
  return new Promise((resolve) => {
    const { onApplied } = server;
    server.onApplied = (request) => {
      onApplied(request);
      if (run()?.isOver) resolve();
    };
  });
}
