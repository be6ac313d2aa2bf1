import type { RunInfo } from '../logger/run-info.js';
import type { Clocks, MicroBatchEvent, TrainEvent } from '../logger/train-event.js';
import { check } from './assertions.js';
import { firstUnfrozen } from './first-unfrozen.js';
import { createWindowLedger, type MicroBatchCounts, type WindowLedger } from './window-ledger.js';

/** What a stream may differ in from a whole and exact one. */
export interface GrammarOptions {
  /** What recomputed losses and metrics may differ by, relative to their size; 1e-9 by default. */
  readonly tolerance?: number;
  /** The stream may lack its end, as the journal of a killed run does. */
  readonly partial?: boolean;
}

/**
 * Checks that a stream is one that a run can produce: the order of its events, clocks that only rise, frozen events,
 * losses and metrics that their lineage gives, and no micro-batch lost or counted twice.
 * Throws an `Error` that names the first offending event by its index.
 */
export function checkGrammar(events: Iterable<TrainEvent>, options: GrammarOptions = {}): MicroBatchCounts {
  const { tolerance = 1e-9, partial = false } = options;
  let ledger: WindowLedger | undefined;
  let run: RunInfo | undefined;
  let last: TrainEvent | undefined;
  let index = 0;
  for (const event of events) {
    try {
      check(typeof event?.type === 'string', 'is not an event');
      check(last?.type !== 'run-end', 'comes after run-end');
      if (event.type === 'run-start') {
        check(run === undefined, 'is the second run-start');
        run = event.run;
        ledger = createWindowLedger(run, tolerance);
      }
      check(run !== undefined && ledger !== undefined, 'comes before run-start');
      const unfrozen = firstUnfrozen(event);
      check(unfrozen === undefined, `is not frozen${unfrozen}`);
      checkClocks(event, last, run);
      checkEvent(event, ledger);
    } catch (error) {
      throw new Error(`event ${index} (${event?.type}) ${(error as Error).message}`);
    }
    last = event;
    index += 1;
  }
  if (!partial && last?.type !== 'run-end') throw new Error(`event ${index} is missing: a stream ends with run-end`);
  return ledger?.counts() ?? { trained: 0, accumulated: 0, discarded: 0, open: 0 };
}

function checkEvent(event: TrainEvent, ledger: WindowLedger): void {
  switch (event.type) {
    case 'micro-batch':
      ledger.train(event);
      break;
    case 'accumulated-batch':
      ledger.accumulate(event);
      break;
    case 'discarded-window':
      ledger.discard(event);
      break;
    case 'epoch-end':
      ledger.endEpoch();
      break;
    case 'run-end':
      ledger.endRun();
      break;
  }
}

function checkClocks(event: TrainEvent, last: TrainEvent | undefined, run: RunInfo): void {
  const resumedAt = run.resumedAt ?? { microStep: 0, step: 0 };
  // Older journals don't say how many samples lie behind a resumed run.
  const samples = run.resumedAt === undefined ? 0 : (run.resumedAt.samples ?? event.samples);
  const before = last ?? { ...resumedAt, samples, epoch: 0, time: run.startedAt };
  for (const clock of ['microStep', 'step', 'samples', 'epoch', 'time'] as const) {
    check(event[clock] >= before[clock], `has ${clock} ${event[clock]} after ${before[clock]}`);
  }
  checkClock(event, 'microStep', before.microStep + (event.type === 'micro-batch' ? 1 : 0));
  checkClock(event, 'step', before.step + (event.type === 'accumulated-batch' ? 1 : 0));
  const trained = event.type === 'micro-batch' ? (event as MicroBatchEvent).batchSamples : 0;
  checkClock(event, 'samples', before.samples + trained);
}

function checkClock(event: TrainEvent, clock: keyof Clocks, expected: number): void {
  check(event[clock] === expected, `has ${clock} ${event[clock]} where ${expected} is due`);
}
