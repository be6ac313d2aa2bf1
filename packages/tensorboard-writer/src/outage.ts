import { EventFileError } from './event-file-error.js';

/** How long after a failure nothing is tried: a program that logs in a loop must not wait for a dead disk at each call. */
const RETRY_MS = 250;

/** Tells the owner of a file of each time that its disk fails, once, and at its end of what was lost in it. */
export class Outage {
  readonly #onError: (error: EventFileError) => void;
  #error: EventFileError | undefined;
  #failedMs = 0;
  #dropped = 0;

  constructor(onError: (error: EventFileError) => void) {
    this.#onError = onError;
  }

  /** Whether the last try failed so short a time ago that the next one is to wait. */
  mustWait(nowMs: number): boolean {
    const age = nowMs - this.#failedMs;
    // A clock that went back must not stop the trying.
    return this.#error !== undefined && age >= 0 && age < RETRY_MS;
  }

  /** A try failed. Another kind of failure than the one told before is told too. */
  failed(error: EventFileError, nowMs: number): void {
    const isKnown = this.#error?.code === error.code;
    this.#error = error;
    this.#failedMs = nowMs;
    if (!isKnown) this.#onError(error);
  }

  /** An event found no room. */
  drop(): void {
    this.#dropped++;
  }

  /** The disk takes data again, or is given up with `waiting` events. */
  end(waiting = 0): void {
    const error = this.#error;
    if (error === undefined) return;
    const dropped = this.#dropped + waiting;
    this.#error = undefined;
    this.#dropped = 0;
    if (dropped === 0) return;
    const message = `${dropped} events for ${error.path} were dropped while it could not be written`;
    this.#onError(new EventFileError('events-dropped', error.path, message, { cause: error, dropped }));
  }
}
