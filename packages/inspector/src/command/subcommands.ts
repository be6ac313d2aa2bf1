import type { Subcommand } from './command-context.js';

/** A subcommand as `microbatch --help` lists it. */
export interface SubcommandEntry {
  readonly name: string;
  readonly args: string;
  readonly summary: string;
  /** What is loaded only where it is meant. */
  load(): Promise<Subcommand>;
}

/** In the order of `--help`. */
export const SUBCOMMANDS: readonly SubcommandEntry[] = [
  {
    name: 'view',
    args: '[dir]',
    summary: 'show runs on a local page, on every clock',
    load: async () => (await import('./view-command.js')).addView,
  },
  {
    name: 'runs',
    args: '[dir]',
    summary: 'list runs',
    load: async () => (await import('./runs-command.js')).addRuns,
  },
  {
    name: 'verify',
    args: '[paths...]',
    summary: 'recompute every logged loss and check the files of a run against each other',
    load: async () => (await import('./verify-command.js')).addVerify,
  },
  {
    name: 'replay',
    args: '<journals...>',
    summary: 'rebuild TensorBoard or W&B output from a journal',
    load: async () => (await import('./replay-command.js')).addReplay,
  },
  {
    name: 'sync',
    args: '[dirs...]',
    summary: 'upload offline and interrupted W&B runs, each row once',
    load: async () => (await import('./sync-command.js')).addSync,
  },
  {
    name: 'log',
    args: '[command...]',
    summary: 'log micro-batches that another program prints',
    load: async () => (await import('./log-command.js')).addLog,
  },
];
