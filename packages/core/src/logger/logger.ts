import type { JsonValue } from './json-codec.js';
import type { LoggerError } from './logger-error.js';
import type { LoggerNotice } from './logger-notice.js';
import type { SinkSupports } from './sink.js';
import type { RunOutcome, TrainEvent } from './train-event.js';

/** What became of the events that one logger received: `received` = `written` + all of `dropped`. */
export interface Receipt {
  readonly logger: string;
  readonly received: number;
  readonly written: number;
  /** Events by the reason for which they were not written. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly errors: readonly LoggerError[];
}

/** One logger at work on one run; made by `Logger.attach`, driven by `record()`. */
export interface LoggerSession {
  /** Events that wait or are being written, as a fraction of `maxQueued`. */
  readonly pressure: number;
  /** Resolves when `pressure` is at most one half. */
  relieved(): Promise<void>;
  /** Takes the next event. Never throws. */
  next(event: TrainEvent): void;
  /** Makes everything taken so far durable. Rejects with a `LoggerError` if that fails. */
  flush(): Promise<void>;
  /** The state that the sink is to be opened with; to be called before `run-start`. */
  restore(state: JsonValue): void;
  /**
   * Makes what was taken so far durable, as far as it is complete; resolves with what the sink needs to go on from here, or
   * with nothing where it needs nothing or has failed before. Rejects with a `LoggerError` if that fails.
   */
  checkpoint(): Promise<JsonValue | undefined>;
  /** Writes what waits, then flushes and closes the sink, each within the time limit. Idempotent, never rejects. */
  finish(outcome: RunOutcome): Promise<Receipt>;
  /** A signal came that somebody else handles: hands what waits to the sink, without closing it. Never throws. */
  flushSync(): void;
  /** The process is going. Never throws. */
  exitSync(outcome: RunOutcome, exitCode?: number): void;
}

/** A backend with the base around it, made by `defineLogger`. */
export interface Logger {
  readonly name: string;
  readonly supports: Readonly<SinkSupports>;
  /** Begins a run. Throws a `LoggerError` (`in-use`) while another run has this logger. */
  attach(notify: (notice: LoggerNotice, error?: LoggerError) => void): LoggerSession;
  /** Makes everything that was logged so far durable. Rejects with a `LoggerError` if that fails. */
  flush(): Promise<void>;
}
