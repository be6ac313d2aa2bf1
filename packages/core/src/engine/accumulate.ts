import { Observable, type OperatorFunction, Subject, takeUntil } from 'rxjs';
import type { LogValues } from '../logger/log-values.js';
import { assertOneOf, show } from '../logger/option-checks.js';
import type { RunOptions, TrainingPlan } from '../logger/run-info.js';
import type { Metrics, RunOutcome, TrainEvent } from '../logger/train-event.js';
import type { AccumulationPolicy } from './accumulation-policy.js';
import type { WindowStatus } from './accumulator.js';
import { createAccumulator } from './create-accumulator.js';
import type { MicroBatchResult } from './micro-batch-result.js';
import { resolvePlan } from './training-plan.js';

/** What feeds `accumulate()`. */
export type TrainInput =
  | MicroBatchResult
  | { readonly type: 'epoch-end'; readonly valid?: Metrics }
  | { readonly type: 'log'; readonly values: LogValues }
  /** How training ended, where the source knows more of it than that nothing comes any more; `'finished'` where absent. */
  | { readonly type: 'run-end'; readonly outcome?: RunOutcome; readonly error?: string };

/**
 * Turns micro-batch results of any training engine into the event stream; each full window counts as applied at once.
 *
 * Where the source marks epoch ends (`epoch-end`, `lastOfEpoch`), the marks rule; else the plan's counts. A source that
 * completes inside an epoch gives `short-epoch` and ends `'stopped'`; one that fails, or gives what is no micro-batch,
 * ends `'failed'`, then errors. A `run-end` says so itself, and ends the stream: `'stopped'` and `'failed'` discard the open window. Throws a `TypeError` or `RangeError` at once where policy and plan do not fit.
 */
export function accumulate(
  policy: AccumulationPolicy,
  plan: TrainingPlan,
  run: RunOptions = {},
): OperatorFunction<TrainInput, TrainEvent> {
  resolvePlan(policy, plan);
  return (source) =>
    new Observable<TrainEvent>((subscriber) => {
      const accumulator = createAccumulator(policy, plan, { run });
      let waiting: TrainInput[] = [];
      let busy = false;
      let marked = false;
      const counted = plan.microBatchesPerEpoch !== undefined;
      let failure: { error: unknown } | undefined;
      let completed = false;
      let ended = false;
      let stepped = false;
      // Reaches a source that is still inside its subscribe call, which the returned subscription does not.
      const halt = new Subject<void>();

      const emit = (events: readonly TrainEvent[]) => {
        for (const event of events) subscriber.next(event);
      };

      // Nothing waits for an optimizer here: each full window counts as applied at once.
      const step = ({ events, window }: WindowStatus) => {
        emit(events);
        if (window !== 'full') return;
        stepped = true;
        emit(accumulator.applied());
      };

      const endAs = ({ outcome = 'finished', error }: TrainInput & { type: 'run-end' }) => {
        assertOneOf('outcome', outcome, ['finished', 'failed', 'stopped']);
        if (outcome === 'finished') complete();
        else finish(accumulator.end(outcome, error));
        halt.next();
      };

      const finish = (events: readonly TrainEvent[]) => {
        emit(events);
        ended = true;
        subscriber.complete();
      };

      const take = (input: TrainInput) => {
        if (ended) return;
        if (typeof input !== 'object' || input === null) {
          throw new TypeError(`accumulate: an input must be an object, not ${show(input)}`);
        }
        switch (input.type) {
          case 'epoch-end':
            if (!marked && counted && accumulator.insideEpoch) emit(unplannedEnd());
            marked = true;
            step(accumulator.closeEpoch());
            emit(accumulator.endEpoch(input.valid));
            break;
          case 'log':
            emit(accumulator.log(input.values));
            break;
          case 'run-end':
            endAs(input);
            break;
          case undefined:
          case 'micro-batch':
            if (input.lastOfEpoch === true) marked = true;
            step(accumulator.next(marked ? { ...input, lastOfEpoch: input.lastOfEpoch ?? false } : input));
            break;
          default:
            throw new TypeError(`accumulate: ${show((input as TrainInput).type)} is no type of input`);
        }
      };

      const unplannedEnd = () => {
        const message = `the source ended an epoch where plan.microBatchesPerEpoch (${plan.microBatchesPerEpoch}) does not: its marks count`;
        return accumulator.diagnose({ level: 'warn', code: 'epoch-length', message });
      };

      const complete = () => {
        const short = accumulator.insideEpoch && (marked || counted);
        if (short) {
          const message =
            'the source completed inside an epoch: its last window follows lastWindow, the run counts as stopped';
          emit(accumulator.diagnose({ level: 'warn', code: 'short-epoch', message }));
        }
        step(accumulator.closeEpoch());
        if (!stepped) {
          const message = 'the source completed before a window was full: no optimizer step was taken';
          emit(accumulator.diagnose({ level: 'warn', code: 'no-optimizer-step', message }));
        }
        finish(accumulator.end(short ? 'stopped' : 'finished'));
      };

      const fail = (error: unknown) => {
        ended = true;
        halt.next();
        emit(accumulator.end('failed', error instanceof Error ? error.message : String(error)));
        subscriber.error(error);
      };

      // A subscriber may feed the source while it handles an event: what comes in meanwhile waits for its turn.
      const work = (input?: TrainInput) => {
        if (busy || ended) {
          if (input !== undefined) waiting.push(input);
          return;
        }
        busy = true;
        try {
          if (input !== undefined) take(input);
          while (waiting.length > 0) {
            const batch = waiting;
            waiting = [];
            batch.forEach(take);
          }
          if (failure !== undefined && !ended) fail(failure.error);
          else if (completed && !ended) complete();
        } catch (error) {
          fail(error);
        }
        busy = false;
      };

      emit(accumulator.start());
      if (subscriber.closed) return;
      subscriber.add(() => halt.next());
      return source.pipe(takeUntil(halt)).subscribe({
        next: (input) => work(input ?? (null as never)),
        error(error: unknown) {
          failure ??= { error };
          work();
        },
        complete() {
          completed = true;
          work();
        },
      });
    });
}
