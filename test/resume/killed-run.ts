import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readWholeJournal } from '@microbatch/logger-journal';
import { readCheckpoint } from '@microbatch/tfjs/checkpoints';
import { loadedValues } from '../../packages/logger-tensorboard/test/loaded-values.js';
import { runFolders } from '../../packages/logger-wandb/test/folders.js';
import { mergedRun } from '../../packages/logger-wandb/test/merged-run.js';

/** What `train-run.mjs` is to do. */
export interface Job {
  readonly backend: string;
  readonly dir: string;
  readonly every: object;
  readonly wandb?: object;
}

/** When a process is ended from outside. */
export interface Kill {
  /** When it tells of a micro-batch with that number, or a later one. */
  readonly at: number;
  readonly signal?: 'SIGKILL' | 'SIGTERM';
  /** Called before. */
  readonly before?: () => void;
}

/** How one process of a run ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last micro-batch that it told of. */
  readonly microStep: number;
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
}

const SCRIPT = join(import.meta.dirname, 'train-run.mjs');

/** Runs a process of a run to its end. */
export async function startProcess(job: Job, kill?: Kill): Promise<ProcessEnd> {
  const others = Object.entries(process.env).filter(([name]) => !/^(WANDB_|NODE_|VITEST)/.test(name));
  const child = fork(SCRIPT, [JSON.stringify(job)], {
    env: Object.fromEntries(others),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const diagnostics: { code: string; message: string }[] = [];
  let microStep = 0;
  child.on('message', (told: { microStep?: number; code?: string; message?: string }) => {
    if (told.code !== undefined) diagnostics.push({ code: told.code, message: told.message! });
    if (told.microStep === undefined) return;
    microStep = told.microStep;
    if (kill === undefined || microStep < kill.at || child.killed) return;
    kill.before?.();
    child.kill(kill.signal ?? 'SIGKILL');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, microStep, diagnostics };
}

/** The bits of all weights and of the optimizer's state, of the newest checkpoint. */
export function lastBits(dir: string): string[] {
  const folder = join(dir, 'checkpoints');
  const [newest] = readdirSync(folder).sort().reverse();
  const { data, tensors } = readCheckpoint(join(folder, newest!));
  if (!data.finished) throw new Error(`${newest} is of a run that is not finished`);
  return tensors.map(
    ({ part, name, shape, bytes }) => `${part}/${name} [${shape}] ${Buffer.from(bytes).toString('hex')}`,
  );
}

/** Each point that TensorBoard shows, by tag. */
export async function shownPoints(dir: string, loader: 'slow' | 'fast'): Promise<Record<string, string[]>> {
  const shown: Record<string, string[]> = {};
  for (const value of await loadedValues(join(dir, 'tensorboard'), loader)) {
    if (value.kind !== 'scalar') continue;
    shown[value.tag] = [...(shown[value.tag] ?? []), `${value.step} ${value.value}`];
  }
  return shown;
}

export function shownRows(dir: string) {
  const { exitCode: _, ...shown } = mergedRun(runFolders(dir));
  return shown;
}

/** The events of a run, from whichever journals, but for times and what is told of checkpoints. */
export async function journalled(dir: string): Promise<unknown[]> {
  const folder = join(dir, 'journal');
  const names = readdirSync(folder).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const events: unknown[] = [];
  for await (const event of readWholeJournal(join(folder, names.at(-1)!))) {
    if (event.type === 'diagnostic') continue;
    const { time: _, ...rest } = event;
    events.push(rest.type === 'run-start' ? rest.type : rest);
  }
  return events;
}
