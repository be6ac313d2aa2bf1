import type { Sink } from '../logger/sink.js';

/** What a test reads back from where a sink wrote. */
export interface ReadBack {
  /** The recorded batches' training losses, in order, as the backend shows them. */
  readonly losses: readonly number[];
  /** What `log` events left, by key, in order: numbers as numbers, texts as strings where possible, the rest as it is. */
  readonly logged: Readonly<Record<string, readonly unknown[]>>;
  /** Whether the backend shows the run as over; absent where it can't tell. */
  readonly closed?: boolean;
}

/** A sink over a place of its own, and what reads that place. */
export interface ConformanceSubject {
  readonly sink: Sink;
  read(): ReadBack | Promise<ReadBack>;
  /** Makes a sink over the same place, as the process does that goes on with a killed run; absent where no run can be gone on with. */
  reopen?(): Sink;
}

/** What the suite is to test. */
export interface ConformanceOptions {
  /** Makes a fresh sink over a fresh, empty place at each call. */
  create(): ConformanceSubject | Promise<ConformanceSubject>;
  /** What numbers may differ by, relative to their size: 0 by default, 1e-6 for a backend of 32-bit floats. */
  readonly tolerance?: number;
}

/** One requirement on a sink; `run` rejects with an `Error` that says what the sink does instead. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}
