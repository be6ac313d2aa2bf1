import type { Logger, LoggerSession } from './logger.js';
import { LoggerError } from './logger-error.js';
import { createLoggerSession } from './logger-session.js';
import { assertOptions, assertPositiveInteger } from './option-checks.js';
import type { Sink } from './sink.js';

/** How long a sink may take, and how much may wait for it. */
export interface LoggerOptions {
  /** Events that may wait for a sink that returns promises; 10,000 by default. */
  readonly maxQueued?: number;
  /** How long an `open`, `write`, `flush` or `close` may take before it is given up; 30,000 ms by default. */
  readonly timeoutMs?: number;
}

const METHODS = ['open', 'write', 'flush', 'close'] as const;

/** Puts the base around a sink: queue, order, time limits, isolation, receipts. Throws a `TypeError` for what is no sink. */
export function defineLogger(sink: Sink, options: LoggerOptions = {}): Logger {
  assertOptions('defineLogger', options, ['maxQueued', 'timeoutMs']);
  const { maxQueued = 10_000, timeoutMs = 30_000 } = options;
  assertSink(sink);
  assertPositiveInteger('maxQueued', maxQueued);
  assertPositiveInteger('timeoutMs', timeoutMs);
  let session: LoggerSession | undefined;
  const onEnd = () => {
    session = undefined;
  };

  return {
    name: sink.name,
    supports: sink.supports,
    attach(notify) {
      if (session !== undefined) {
        throw new LoggerError(sink.name, 'in-use', `logger ${sink.name} is in use by another run`);
      }
      session = createLoggerSession(sink, { maxQueued, timeoutMs, notify, onEnd });
      return session;
    },
    flush: async () => session?.flush(),
  };
}

function assertSink(sink: Sink): void {
  if (typeof sink?.name !== 'string' || sink.name === '') throw new TypeError('sink.name must be a string');
  if (typeof sink.supports !== 'object' || sink.supports === null)
    throw new TypeError(`sink.supports of ${sink.name} must be an object`);
  for (const method of METHODS) {
    if (typeof sink[method] !== 'function') throw new TypeError(`sink.${method} of ${sink.name} must be a function`);
  }
}
