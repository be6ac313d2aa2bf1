import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process left. */
export interface ChildResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const SCRIPT = fileURLToPath(new URL('./children/log-run.mjs', import.meta.url));

/** Runs `children/log-run.mjs` on the built packages, with none of W&B's variables but those given. */
export function logRun(
  job: {
    readonly options: object;
    readonly rows: number;
    readonly log?: readonly object[];
    readonly end?: 'close' | 'kill';
  },
  env: Readonly<Record<string, string>> = {},
  command: (script: string[]) => string[] = (script) => [process.execPath, ...script],
): Promise<ChildResult> {
  const others = Object.entries(process.env).filter(([name]) => !/^(WANDB_|NODE_|VITEST)/.test(name));
  const [program, ...args] = command([SCRIPT, JSON.stringify(job)]);
  const child = spawn(program!, args, { env: { ...Object.fromEntries(others), ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
