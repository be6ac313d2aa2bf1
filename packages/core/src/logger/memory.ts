import { defineLogger } from './define-logger.js';
import type { Logger } from './logger.js';
import { LoggerError } from './logger-error.js';
import type { Sink } from './sink.js';
import type { RunOutcome, TrainEvent } from './train-event.js';

/** A sink that keeps every event, and how the run was closed. */
export interface MemorySink extends Sink {
  /** In order, growing while the run goes on; a second run's events follow the first's. */
  readonly events: readonly TrainEvent[];
  /** Absent while the run is open. */
  readonly outcome: RunOutcome | undefined;
}

/** A logger that keeps every event: for tests, and for pages that draw a run while it goes on. */
export interface MemoryLogger extends Logger {
  /** In order, growing while the run goes on; a second run's events follow the first's. */
  readonly events: readonly TrainEvent[];
}

/** Keeps every event in memory. */
export function memory(): MemoryLogger {
  const sink = memorySink();
  return { ...defineLogger(sink), events: sink.events };
}

/** The sink of `memory()`. */
export function memorySink(): MemorySink {
  const events: TrainEvent[] = [];
  let isOpen = false;
  let outcome: RunOutcome | undefined;

  function close(closedAs: RunOutcome): void {
    if (isOpen) outcome = closedAs;
    isOpen = false;
  }

  return {
    name: 'memory',
    supports: { scalars: true, histograms: true, images: true, text: true, tables: true },
    events,
    get outcome() {
      return outcome;
    },
    open() {
      isOpen = true;
      outcome = undefined;
    },
    write(batch) {
      if (!isOpen) throw new LoggerError('memory', 'not-open', 'memory: write() needs an open run');
      for (const event of batch) events.push(event);
    },
    flush() {},
    close,
    exitSync: close,
  };
}
