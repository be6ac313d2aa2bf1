import type { JsonValue } from './json-codec.js';
import type { LoggerNotice } from './logger-notice.js';
import type { RunInfo } from './run-info.js';
import type { RunOutcome, TrainEvent } from './train-event.js';

/** Which kinds of value a backend can hold. Gates the shared test suite; `record()` sends every event anyway. */
export interface SinkSupports {
  readonly scalars: boolean;
  readonly histograms: boolean;
  readonly images: boolean;
  readonly text: boolean;
  readonly tables: boolean;
}

/**
 * What a backend implements: translate and write, nothing else.
 *
 * The base calls `open` first and once, `write` in order and never concurrently, `close` last. A method that returns
 * no promise is done when it returns; one that throws or rejects marks the sink failed. Called directly, `write`
 * before `open` or after `close` throws a `LoggerError` (`not-open`); `flush`,
 * `checkpoint`, `close` and `exitSync` are harmless in every state.
 */
export interface Sink {
  readonly name: string;
  readonly supports: Readonly<SinkSupports>;
  /**
   * `notify` tells the user, and the other loggers, what this one could not do as asked. `state` is what `checkpoint`
   * returned where a resumed run goes on: what the backend holds from behind that point will be written again.
   */
  open(run: RunInfo, notify?: (notice: LoggerNotice) => void, state?: JsonValue): void | Promise<void>;
  /** `events` are frozen, in order, and start with `run-start`. */
  write(events: readonly TrainEvent[]): void | Promise<void>;
  /** Resolves when everything written is durable. */
  flush(): void | Promise<void>;
  /**
   * The training is about to be saved: makes durable what was written, as far as nothing can join it any more, and returns
   * as plain data what `open` needs to go on from here with no gap and no overlap. Where absent, `flush` is called.
   */
  checkpoint?(): JsonValue | undefined | Promise<JsonValue | undefined>;
  /** Idempotent. Durable when done, without a `flush` before. */
  close(outcome: RunOutcome): void | Promise<void>;
  /**
   * The process is going: write what is left, synchronously, and close. The base tells of what it throws. `exitCode` is the
   * process's own; absent where a signal or an uncaught error ends it.
   */
  exitSync?(outcome: RunOutcome, exitCode?: number): void;
}
