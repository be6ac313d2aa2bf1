import { createReadStream } from 'node:fs';
import {
  type DiagnosticEvent,
  type Logger,
  type Receipt,
  type RunInfo,
  record,
  type TrainEvent,
} from '@microbatch/core';
import { readJournal } from '@microbatch/logger-journal';
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
 * Sends a journal's events to loggers, as its run did: they write the same again, or, by other options, the same on another axis
 * or with other names. Rejects with a `LoggerError` where the journal can't be read.
 */
export async function replay(
  path: string,
  loggers: readonly Logger[],
  { logAccumBatch, onProgress, onNotice = () => {} }: ReplayOptions = {},
): Promise<ReplayResult> {
  const all = onProgress === undefined ? 0 : await countLines(path);
  let [events, damaged] = [0, 0];
  const reader = readJournal(path, {
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

/** The run of a journal. Rejects with a `LoggerError` where it can't be read, or holds none. */
export async function runOf(path: string): Promise<RunInfo | undefined> {
  for await (const event of readJournal(path, { onDamage() {} })) {
    return event.type === 'run-start' ? event.run : undefined;
  }
  return undefined;
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}
