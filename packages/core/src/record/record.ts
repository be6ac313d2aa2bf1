import type { Observable } from 'rxjs';
import { addExitHook } from '../logger/exit-hooks.js';
import type { Logger, LoggerSession, Receipt } from '../logger/logger.js';
import type { LoggerError } from '../logger/logger-error.js';
import type { LoggerNotice } from '../logger/logger-notice.js';
import { assertOptions } from '../logger/option-checks.js';
import type { Clocks, DiagnosticEvent, RunOutcome, TrainEvent } from '../logger/train-event.js';
import { printDiagnostic } from './print-diagnostic.js';
import { joinRun } from './recorded-loggers.js';

/** What `record()` does about failures. */
export interface RecordOptions {
  /** Rejects at a logger's first failure, with its `LoggerError`, after all loggers were closed. */
  readonly strict?: boolean;
  /** Gets the stream's diagnostics, each code once, and the loggers', each once a logger and code; prints to stderr by default. */
  readonly onDiagnostic?: (diagnostic: DiagnosticEvent) => void;
}

/**
 * Sends a run's events to loggers until the stream ends, then flushes and closes them.
 *
 * Resolves with one receipt a logger, also where the stream errored: the loggers are then closed as failed. A logger
 * that fails is told of by a diagnostic and its receipt; it stops neither training nor another logger.
 * A run that had ended before is told of by the diagnostic `run-already-ended`: nothing of it can be recorded.
 * Throws a `TypeError` for what is no logger, a `LoggerError` (`in-use`) for one that another run has; both as rejections.
 */
export async function record(
  events$: Observable<TrainEvent>,
  loggers: readonly Logger[],
  options: RecordOptions = {},
): Promise<Receipt[]> {
  assertOptions('record', options, ['strict', 'onDiagnostic']);
  const { strict = false, onDiagnostic = printDiagnostic } = options;
  if (typeof events$?.subscribe !== 'function') {
    throw new TypeError(`record: events$ must be an observable, not ${String(events$)}`);
  }
  assertLoggers(loggers);
  const releases: (() => void)[] = [];
  const sessions: LoggerSession[] = [];
  // A logger may fail while an event is on its way to the others: diagnostics follow it, never overtake it.
  const deliveries: { readonly event: TrainEvent; readonly except: number | undefined }[] = [];
  const toldCodes = new Set<string>();
  let last: TrainEvent['type'] | undefined;
  let delivering = false;
  let ended = false;
  let outcome: RunOutcome = 'stopped';
  let clocks: Clocks = { microStep: 0, step: 0, samples: 0, epoch: 0, time: Date.now() };
  let stop: (error?: LoggerError) => void;
  const done = new Promise<LoggerError | undefined>((resolve) => (stop = resolve));

  function tellUser(diagnostic: DiagnosticEvent): void {
    try {
      onDiagnostic(diagnostic);
    } catch (error) {
      reportError(error);
    }
  }

  function diagnosticOf({ level, code, message }: LoggerNotice): DiagnosticEvent {
    const { microStep, step, samples, epoch, time } = clocks;
    return Object.freeze({ type: 'diagnostic', microStep, step, samples, epoch, time, level, code, message });
  }

  function notify(from: number | undefined, notice: LoggerNotice, error?: LoggerError): void {
    const event = diagnosticOf(notice);
    tellUser(event);
    if (!ended) deliver(event, from);
    if (strict && error !== undefined) stop(error);
  }

  function deliver(event: TrainEvent, except?: number): void {
    if (delivering) {
      deliveries.push({ event, except });
      return;
    }
    delivering = true;
    handOut(event, except);
    for (let next = deliveries.shift(); next !== undefined; next = deliveries.shift()) handOut(next.event, next.except);
    delivering = false;
  }

  function handOut(event: TrainEvent, except: number | undefined): void {
    for (let at = 0; at < sessions.length; at += 1) if (at !== except) sessions[at]!.next(event);
  }

  function tellNotAnEvent(value: unknown): void {
    if (toldCodes.has('not-an-event')) return;
    toldCodes.add('not-an-event');
    const message = `record: the stream emitted ${String(value)}, which is no event`;
    tellUser(diagnosticOf({ level: 'error', code: 'not-an-event', message }));
  }

  function take(event: TrainEvent): void {
    if (ended) return;
    if (typeof event?.type !== 'string') {
      tellNotAnEvent(event);
      return;
    }
    clocks = event;
    last = event.type;
    if (event.type === 'run-start') {
      for (const [at, session] of sessions.entries()) releases.push(joinRun(event.run.id, loggers[at]!.name, session));
    } else if (event.type === 'diagnostic' && !toldCodes.has(event.code)) {
      toldCodes.add(event.code);
      tellUser(event);
    } else if (event.type === 'run-end') {
      // Nothing may follow run-end, not even a diagnostic about a logger that fails on it.
      ended = true;
      outcome = event.outcome;
    }
    deliver(event);
  }

  // What a run that is over sends to late subscribers: its run-start at most.
  function tellIfNothingCame(): void {
    if (last !== undefined && last !== 'run-start') return;
    const message =
      'record: nothing was recorded, because the run had already ended, or never began: call record() right after train(), before awaiting anything';
    const notice: LoggerNotice = { level: 'error', code: 'run-already-ended', message };
    if (last === 'run-start') notify(undefined, notice);
    else tellUser(diagnosticOf(notice));
  }

  const finishAll = () => Promise.all(sessions.map((session) => session.finish(outcome)));
  try {
    for (const [at, logger] of loggers.entries()) {
      sessions.push(logger.attach((notice, error) => notify(at, notice, error)));
      releases.push(addExitHook(sessions[at]!));
    }
    const subscription = events$.subscribe({
      next: take,
      error: () => {
        tellIfNothingCame();
        outcome = 'failed';
        stop();
      },
      complete: () => {
        tellIfNothingCame();
        stop();
      },
    });
    const failure = await done;
    subscription.unsubscribe();
    ended = true;
    if (failure !== undefined) outcome = 'failed';
    const receipts = await finishAll();
    const rejection = failure ?? (strict ? receipts.flatMap(({ errors }) => errors)[0] : undefined);
    if (rejection !== undefined) throw rejection;
    return receipts;
  } finally {
    await finishAll();
    for (const release of releases) release();
  }
}

function assertLoggers(loggers: readonly Logger[]): void {
  if (!Array.isArray(loggers)) throw new TypeError(`record: loggers must be an array, not ${String(loggers)}`);
  for (const [at, logger] of loggers.entries()) {
    if (typeof logger?.attach !== 'function') {
      throw new TypeError(`record: loggers[${at}] is no logger; make one of a sink with defineLogger()`);
    }
    if (loggers.indexOf(logger) !== at) throw new TypeError(`record: loggers[${at}] (${logger.name}) stands twice`);
  }
}

// A user's callback that throws must neither stop training nor vanish.
function reportError(error: unknown): void {
  printDiagnostic({
    type: 'diagnostic',
    microStep: 0,
    step: 0,
    samples: 0,
    epoch: 0,
    time: Date.now(),
    level: 'error',
    code: 'on-diagnostic-failed',
    message: `onDiagnostic threw: ${error instanceof Error ? error.message : String(error)}`,
  });
}
