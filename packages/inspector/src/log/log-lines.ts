import {
  type AccumulationPolicy,
  accumulate,
  createAccumulator,
  type DiagnosticEvent,
  type Logger,
  type Receipt,
  type RunEndEvent,
  type RunInfo,
  type RunOptions,
  record,
  type TrainEvent,
  type TrainInput,
  type TrainingPlan,
  whenRelieved,
} from '@microbatch/core';
import { Subject, tap } from 'rxjs';
import { createLineSplitter } from './line-splitter.js';
import { parseLine } from './parse-line.js';

/** What lines are turned into. */
export interface LogLinesOptions {
  readonly policy: AccumulationPolicy;
  /** Where it lacks a micro-batch's size, that of the first is taken. */
  readonly plan: TrainingPlan;
  readonly run: RunOptions;
  readonly loggers: readonly Logger[];
  /** Gets what is no record, unchanged; may answer a promise to be waited for. */
  readonly passThrough: (bytes: Buffer) => Promise<void> | undefined;
  /** Told of what goes wrong without ending anything. */
  readonly onNotice: (message: string) => void;
}

/** How training ended, where somebody knows more of it than the pipe says. */
export interface KnownEnd {
  readonly outcome: 'stopped' | 'failed';
  readonly error?: string;
}

/** What was logged. */
export interface LoggedLines {
  /** Absent where no micro-batch came, and no run was begun. */
  readonly run?: RunInfo;
  readonly microBatches: number;
  readonly steps: number;
  readonly outcome?: RunEndEvent['outcome'];
  readonly error?: string;
  /** Lines that were meant to be records, but are none. */
  readonly rejected: number;
  readonly receipts: readonly Receipt[];
}

/** A log at work. */
export interface LineLog {
  /** Takes what the training program prints. Resolves when more may come. */
  take(chunk: Buffer): Promise<void>;
  /** Nothing more comes. */
  end(known?: KnownEnd): Promise<LoggedLines>;
}

/**
 * Logs a run from the lines that a training program prints: records drive `accumulate()` and the loggers, everything else is
 * passed through. What is wrong with a line or a logger never stops the program. Throws a `TypeError` or `RangeError` from
 * `take`, at the first record, where policy and plan do not fit it.
 */
export function createLineLog(options: LogLinesOptions): LineLog {
  const { onNotice } = options;
  const inputs = new Subject<TrainInput>();
  const pending: TrainInput[] = [];
  const waits: Promise<void>[] = [];
  /** What is no record, on its way out. */
  const text: Buffer[] = [];
  const told = new Set<string>();
  // Refuses now what it can; and knows which values can be logged.
  const scratch = createAccumulator(options.policy, { microBatchSize: 1, ...options.plan }, { run: options.run });
  scratch.start();
  let recording: Promise<Receipt[]> | undefined;
  let run: RunInfo | undefined;
  let runEnd: RunEndEvent | undefined;
  let failure: string | undefined;
  let isClosing = false;
  /** The line that the pipe closed within. */
  let brokenAt: number | undefined;
  let [microBatches, steps, rejected] = [0, 0, 0];

  function watch(event: TrainEvent): void {
    if (event.type === 'run-start') run = event.run;
    else if (event.type === 'micro-batch') microBatches += 1;
    else if (event.type === 'accumulated-batch') steps += 1;
    else if (event.type === 'run-end') runEnd = event;
  }

  function begin(microBatchSize: number): void {
    const plan = { microBatchSize, ...options.plan };
    const events$ = inputs.pipe(
      accumulate(options.policy, plan, options.run),
      tap({ next: watch, error: (error: Error) => (failure = error.message) }),
    );
    const onDiagnostic = ({ message }: DiagnosticEvent) => onNotice(message);
    recording = record(events$, options.loggers, { onDiagnostic });
    for (const input of pending.splice(0)) feed(input);
  }

  function feed(input: TrainInput): void {
    if (recording === undefined && 'loss' in input) begin(input.samples);
    if (recording === undefined) {
      pending.push(input);
      return;
    }
    const hadFailed = failure !== undefined;
    if (runEnd === undefined && !hadFailed) inputs.next(input);
    if (failure !== undefined && !hadFailed) onNotice(`nothing more is logged: ${failure}`);
    if (run !== undefined) waitFor(whenRelieved(run.id));
  }

  function waitFor(wait: Promise<void> | undefined): void {
    if (wait !== undefined) waits.push(wait);
  }

  function reject(number: number, reason: string): void {
    rejected += 1;
    if (rejected <= MOST_TOLD) onNotice(`line ${number} is not logged: ${reason}`);
    if (rejected === MOST_TOLD + 1) onNotice('more lines are not logged; the end says how many');
  }

  function takeRecord(line: string, number: number): boolean {
    const parsed = parseLine(line, scratch.log);
    switch (parsed.kind) {
      case 'record':
        for (const key of parsed.unknownKeys)
          tellOnce(key, `line ${number}: ${JSON.stringify(key)} is no key of a record`);
        for (const input of parsed.inputs) feed(input);
        return true;
      case 'rejected':
        if (isClosing) brokenAt = number;
        reject(number, parsed.reason);
        return false;
      case 'text':
        if (parsed.hint !== undefined) tellOnce('', `line ${number} is passed through: ${parsed.hint}`);
        // Too little of it came to know it by.
        if (isClosing && /^\s*\{\s*"/.test(line)) {
          brokenAt = number;
          reject(number, 'the pipe closed within it');
        }
        return false;
    }
  }

  function tellOnce(what: string, message: string): void {
    if (told.has(what)) return;
    told.add(what);
    onNotice(`${message} (told once)`);
  }

  const splitter = createLineSplitter({
    onText: (bytes) => void text.push(bytes),
    onTextLine(head, number) {
      const parsed = parseLine(head.toString(), scratch.log);
      if (parsed.kind === 'rejected') reject(number, parsed.reason);
    },
    onTooLong: (number) => reject(number, 'it begins as a record does, but is too long for one'),
    onRecord(bytes, number) {
      if (!takeRecord(bytes.toString(), number)) text.push(bytes);
    },
  });

  /** As much at a time as came at a time: a call for each line would be most of what a program's chatter costs. */
  function passOn(): void {
    if (text.length > 0) waitFor(options.passThrough(Buffer.concat(text.splice(0))));
  }

  async function settle(): Promise<void> {
    for (const wait of waits.splice(0)) await wait;
  }

  return {
    async take(chunk) {
      splitter.take(chunk);
      passOn();
      await settle();
    },
    async end(known) {
      isClosing = true;
      splitter.end();
      passOn();
      await settle();
      const end = known ?? (brokenAt === undefined ? undefined : tornEnd(brokenAt));
      if (end !== undefined && recording !== undefined && runEnd === undefined && failure === undefined) {
        inputs.next({ type: 'run-end', ...end });
      }
      inputs.complete();
      const receipts = (await recording) ?? [];
      const error = failure ?? runEnd?.error;
      return {
        ...(run && { run }),
        microBatches,
        steps,
        ...(runEnd && { outcome: runEnd.outcome }),
        ...(error !== undefined && { error }),
        rejected,
        receipts,
      };
    },
  };
}

const MOST_TOLD = 5;

function tornEnd(number: number): KnownEnd {
  return { outcome: 'failed', error: `the pipe closed within line ${number}` };
}
