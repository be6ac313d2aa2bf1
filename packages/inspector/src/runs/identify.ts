import { LoggerError } from '@microbatch/core/logger';
import { readJournal } from '@microbatch/logger-journal';
import { peekWandbRun } from '@microbatch/logger-wandb';
import { decodeHParams, readEvents } from 'tensorboard-writer';
import type { Problem } from './run-source.js';

/** Who the run of some files is, as far as they say it at their beginning. */
export interface Identity {
  readonly id?: string;
  /** When its training began, in ms since 1970: the same in all files that one run wrote. */
  readonly startedAt?: number;
  /** Whether it goes on with a run that had begun before. */
  readonly isResumed?: boolean;
  /** Where it does: a journal in the same folder, and how many bytes of that count. */
  readonly resumes?: { readonly file: string; readonly offset: number };
}

/** An event file says it among its first records, if at all. */
const MOST_EVENTS = 8;

/** Undefined for another program's file. Throws where the file can't be read. */
export async function identifyJournal(path: string): Promise<Identity | undefined> {
  try {
    const journal = readJournal(path);
    const { runId, startedAt, resumes } = await journal.header();
    const identity = { id: runId, startedAt, ...(resumes === undefined ? {} : { resumes }) };
    for await (const event of journal) {
      if (event.type !== 'run-start') break;
      return { ...identity, isResumed: event.run.resumedAt !== undefined };
    }
    return identity;
  } catch (error) {
    if (error instanceof LoggerError && error.code === 'not-a-journal') return undefined;
    throw error;
  }
}

/** Throws where the file is no log, or can't be read. */
export async function identifyWandbLog(path: string): Promise<Identity> {
  const run = await peekWandbRun(path);
  if (run === undefined || run.id === '') return {};
  return run.startedAt > 0 ? { id: run.id, startedAt: Math.round(run.startedAt) } : { id: run.id };
}

/** What an event file says at its beginning. Times in ms since 1970. */
export interface EventFileIdentity {
  /** When the runs began that its hparams tell of: one, or none. */
  readonly startedAt: readonly number[];
  /** When it was made; absent where its first record is not there yet. */
  readonly createdAt: number | undefined;
  /** Whether what comes behind says nothing more. */
  readonly isWhole: boolean;
}

/** Rejects where the file can't be read. */
export async function identifyEventFile(path: string): Promise<EventFileIdentity> {
  const startedAt: number[] = [];
  let createdAt: number | undefined;
  let count = 0;
  for await (const event of readEvents(path)) {
    createdAt ??= event.wallTime * 1000;
    if (++count > MOST_EVENTS) break;
    if (event.kind !== 'summary') continue;
    for (const value of event.values) {
      const content = 'content' in value ? value.content : undefined;
      const record = content === undefined ? undefined : decodeHParams(content);
      if (record?.kind === 'start' && record.startTime > 0) startedAt.push(Math.round(record.startTime * 1000));
    }
  }
  return { startedAt, createdAt, isWhole: startedAt.length > 0 || count > MOST_EVENTS };
}

/** What to tell of a file that can't be identified. */
export function problemOf(path: string, name: string, error: unknown): Problem {
  return { path: name, message: (error as Error).message.replaceAll(path, name) };
}
