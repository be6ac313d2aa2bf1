import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type DiagnosticEvent,
  type Logger,
  type Receipt,
  type RunInfo,
  record,
  type TrainEvent,
} from '@microbatch/core';
import { readJournal, readWholeJournal } from '@microbatch/logger-journal';
import { from } from 'rxjs';
import { createRecordAs } from './record-as.js';

/** How a journal is replayed. */
export interface ReplayOptions {
  /** Which batches are recorded; as the run did where absent. */
  readonly logAccumBatch?: boolean;
  /** Events so far, of about so many. */
  readonly onProgress?: (events: number, all: number) => void;
  /** Told of what the loggers say, and of damaged lines, which are passed over. */
  readonly onNotice?: (message: string) => void;
}

/** What became of a journal's events. */
export interface ReplayResult {
  readonly path: string;
  readonly events: number;
  /** Lines that could not be read. */
  readonly damaged: number;
  /** Why the journal ends: by its run's end, without it, or in a torn line. */
  readonly end: 'run-end' | 'no-run-end' | 'torn-line';
  readonly receipts: readonly Receipt[];
}

/**
 * Sends a journal's events to loggers, behind those of the journals that it goes on with, as their run did: they write the same
 * again, or, by other options, the same on another axis or with other names. Rejects with a `LoggerError` where the journal can't
 * be read.
 */
export async function replay(
  path: string,
  loggers: readonly Logger[],
  { logAccumBatch, onProgress, onNotice = () => {} }: ReplayOptions = {},
): Promise<ReplayResult> {
  const all = onProgress === undefined ? 0 : await countEvents(path);
  let [events, damaged] = [0, 0];
  const reader = readWholeJournal(path, {
    onDamage({ message }) {
      damaged += 1;
      onNotice(message);
    },
  });

  async function* played(): AsyncGenerator<TrainEvent> {
    let recordAs: ((event: TrainEvent) => TrainEvent) | undefined;
    for await (const event of reader) {
      if (event.type === 'run-start') recordAs = createRecordAs(logAccumBatch ?? event.run.logAccumBatch);
      events += 1;
      if (events % PROGRESS_EVERY === 0) onProgress?.(events, all);
      // What loggers said then is not what they say now.
      if (event.type !== 'diagnostic') yield recordAs?.(event) ?? event;
    }
  }

  const onDiagnostic = ({ message }: DiagnosticEvent) => onNotice(message);
  let failure: unknown;
  async function* guarded(): AsyncGenerator<TrainEvent> {
    try {
      yield* played();
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  const receipts = await record(from(guarded()), loggers, { onDiagnostic });
  if (failure !== undefined) throw failure;
  return { path, events, damaged, end: reader.end!.reason, receipts };
}

const PROGRESS_EVERY = 2000;

/** What a journal begins with. */
export interface JournalBeginning {
  readonly run: RunInfo;
  /** When, in ms since 1970: of the journals of one run, the latest goes on with the others. */
  readonly time: number;
  readonly isResumed: boolean;
}

/** Reads how a journal begins; nothing where it holds no run. Rejects with a `LoggerError` where it can't be read. */
export async function beginningOf(path: string): Promise<JournalBeginning | undefined> {
  const reader = readJournal(path, { onDamage() {} });
  for await (const event of reader) {
    if (event.type !== 'run-start') return undefined;
    return { run: event.run, time: event.time, isResumed: (await reader.header()).resumes !== undefined };
  }
  return undefined;
}

/** About as many as a journal has, and those that it goes on with. */
async function countEvents(path: string): Promise<number> {
  let lines = 0;
  const counted = new Set<string>();
  for (let next: string | undefined = path; next !== undefined && !counted.has(next); ) {
    counted.add(next);
    lines += await countLines(next);
    const { resumes } = await readJournal(next).header();
    next = resumes && join(dirname(next), resumes.file);
  }
  return lines;
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}
