import type { JsonValue } from './json-codec.js';
import type { LoggerSession, Receipt } from './logger.js';
import type { LoggerError } from './logger-error.js';
import type { LoggerNotice } from './logger-notice.js';
import type { RunInfo } from './run-info.js';
import { createSessionAccount } from './session-account.js';
import type { Sink } from './sink.js';
import type { RunOutcome, TrainEvent } from './train-event.js';
import { isPromise, TimeLimitError, withinLimit } from './within-limit.js';

interface SessionOptions {
  readonly maxQueued: number;
  readonly timeoutMs: number;
  readonly notify: (notice: LoggerNotice, error?: LoggerError) => void;
  readonly onEnd: () => void;
}

type Failed = (error: unknown, unsettled?: PromiseLike<unknown>) => void;

/** What became of an operation: what it gave, or why it failed. */
interface Attempt<T> {
  readonly value?: T;
  readonly error?: LoggerError;
}

type State = 'new' | 'open' | 'failed' | 'ended';

/** One sink at work on one run. */
export function createLoggerSession(sink: Sink, options: SessionOptions): LoggerSession {
  const { maxQueued, timeoutMs, notify } = options;
  const { drop, fault, tell, errors, receipt } = createSessionAccount(sink.name, notify);
  let state: State = 'new';
  let dropReason = 'before-run-start';
  let opened = false;
  let received = 0;
  let written = 0;
  let queue: TrainEvent[] = [];
  let inFlight = 0;
  // Set while the sink works on a promise, or while `pump` is on the stack: nothing else may call the sink.
  let busy = false;
  let waiting = false;
  let watchers: (() => void)[] = [];
  // What was given up after its time but has not settled.
  let late: PromiseLike<unknown> | undefined;
  let finished: Promise<Receipt> | undefined;
  let resumeState: JsonValue | undefined;

  const pending = () => queue.length + inFlight;

  // What waits is lost with the sink: a retry could write it twice.
  function fail(operation: 'open' | 'write', cause: unknown): void {
    const error = fault(operation, cause);
    state = 'failed';
    drop(pending(), error.code);
    queue = [];
    inFlight = 0;
    dropReason = 'sink-failed';
    tell(
      { level: 'error', code: 'logger-failed', message: `${error.message}; this logger gets no more events` },
      error,
    );
  }

  function open(run: RunInfo): void {
    state = 'open';
    call(
      () => sink.open(run, (notice) => notify(notice), resumeState),
      () => {
        opened = true;
      },
      (error, unsettled) => {
        fail('open', error);
        // A sink that opens after it was given up holds a file or a connection that nobody else will close.
        unsettled?.then(() => sink.close('failed')).then(undefined, () => {});
      },
    );
  }

  /** Runs one operation alone: at once, or until its promise settles. */
  function call(operation: () => unknown, succeed: () => void, failed: Failed): void {
    busy = true;
    let result: unknown;
    try {
      result = operation();
    } catch (error) {
      busy = false;
      failed(error);
      return;
    }
    if (isPromise(result)) {
      waitFor(result, succeed, failed);
      return;
    }
    succeed();
    busy = false;
  }

  function waitFor(promise: PromiseLike<unknown>, succeed: () => void, failed: Failed): void {
    waiting = true;
    const settle = (then: () => void) => {
      waiting = false;
      busy = false;
      if (state !== 'ended') then();
      pump();
    };
    withinLimit(promise, timeoutMs).then(
      () => settle(succeed),
      (error) => settle(() => failed(error, error instanceof TimeLimitError ? promise : undefined)),
    );
  }

  const onWritten = () => {
    written += inFlight;
    inFlight = 0;
  };

  const onWriteFailed: Failed = (error, unsettled) => {
    late = unsettled;
    fail('write', error);
  };

  function write(batch: readonly TrainEvent[]): void {
    inFlight = batch.length;
    call(() => sink.write(batch), onWritten, onWriteFailed);
  }

  function pump(): void {
    while (!busy && state === 'open' && queue.length > 0) {
      const batch = queue;
      queue = [];
      write(batch);
    }
    if (watchers.length > 0) {
      const woken = watchers;
      watchers = [];
      for (const wake of woken) wake();
    }
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((wake) => watchers.push(wake));
  }

  const idle = () => !busy && (queue.length === 0 || state !== 'open');

  // The check and the claim stand in one turn: two that wait must not both find the sink idle.
  async function claim(): Promise<void> {
    while (!idle()) await new Promise<void>((wake) => watchers.push(wake));
    busy = true;
  }

  function release(): void {
    waiting = false;
    busy = false;
    pump();
  }

  /** Runs one operation on a claimed sink. */
  async function attempt<T>(
    operation: 'flush' | 'checkpoint' | 'close',
    work: () => T | PromiseLike<T>,
  ): Promise<Attempt<T>> {
    let result: T | PromiseLike<T> | undefined;
    try {
      result = work();
      if (!isPromise(result)) return { value: result };
      waiting = true;
      return { value: await withinLimit(result, timeoutMs) };
    } catch (cause) {
      if (cause instanceof TimeLimitError) late = result as PromiseLike<unknown>;
      const error = fault(operation, cause);
      tell({ level: 'error', code: 'logger-failed', message: error.message }, error);
      return { error };
    }
  }

  function checkpointOrFlush(): JsonValue | undefined | PromiseLike<JsonValue | undefined> {
    if (sink.checkpoint !== undefined) return sink.checkpoint();
    const flushing = sink.flush();
    return isPromise(flushing) ? flushing.then(() => undefined) : undefined;
  }

  async function finish(outcome: RunOutcome): Promise<Receipt> {
    await claim();
    if (opened && state === 'open') await attempt('flush', () => sink.flush());
    if (opened && state !== 'ended') {
      // Nothing may run beside an operation that was given up but goes on; nor may it hold the run's end.
      if (late === undefined) await attempt('close', () => sink.close(outcome));
      else late.then(closeLate, closeLate);
    }
    release();
    end('closed');
    return receipt(received, written);

    function closeLate(): void {
      Promise.resolve(sink.close(outcome)).catch(() => {});
    }
  }

  function end(reason: string): void {
    if (state === 'ended') return;
    drop(pending(), reason);
    queue = [];
    inFlight = 0;
    state = 'ended';
    dropReason = reason;
    options.onEnd();
    pump();
  }

  return {
    get pressure() {
      return pending() / maxQueued;
    },

    relieved: () => until(() => pending() * 2 <= maxQueued || state !== 'open'),

    next(event) {
      received += 1;
      if (state === 'new' && event.type === 'run-start') open(event.run);
      if (state !== 'open') {
        drop(1, dropReason);
        if (state === 'new') {
          tell({
            level: 'error',
            code: 'no-run-start',
            message: `logger ${sink.name}: dropped events before run-start`,
          });
        }
        return;
      }
      if (waiting && pending() >= maxQueued) {
        drop(1, 'queue-full');
        const message = `logger ${sink.name} is slower than training: events beyond maxQueued (${maxQueued}) are dropped`;
        tell({ level: 'warn', code: 'logger-queue-full', message });
        return;
      }
      // A sink that keeps up gets each event at once.
      if (busy || queue.length > 0) queue.push(event);
      else write([event]);
      pump();
    },

    async flush() {
      await claim();
      const error = state === 'open' ? (await attempt('flush', () => sink.flush())).error : errors[0];
      release();
      if (error !== undefined) throw error;
    },

    restore(state) {
      resumeState = state;
    },

    async checkpoint() {
      await claim();
      const { value, error }: Attempt<JsonValue | undefined> =
        state === 'open' ? await attempt('checkpoint', checkpointOrFlush) : {};
      release();
      if (error !== undefined) throw error;
      return value;
    },

    flushSync() {
      if (state !== 'open' || !idle()) return;
      call(
        () => sink.flush(),
        () => {},
        (error) => fault('flush', error),
      );
    },

    finish(outcome) {
      finished ??= finish(outcome);
      return finished;
    },

    exitSync(outcome, exitCode) {
      if (state === 'ended') return;
      try {
        if (state !== 'new') sink.exitSync?.(outcome, exitCode);
      } catch (cause) {
        const error = fault('exit', cause);
        tell({ level: 'error', code: 'logger-failed', message: error.message }, error);
      }
      end('exited');
    },
  };
}
