import type { LogValues } from '../logger/log-values.js';
import type { RunInfo, RunOptions } from '../logger/run-info.js';
import type {
  Clocks,
  DiagnosticLevel,
  Metrics,
  RunOutcome,
  StepMeasurements,
  TrainEvent,
} from '../logger/train-event.js';
import type { MicroBatchResult } from './micro-batch-result.js';
import type { AccumulatorSnapshot } from './snapshot.js';

/** What an accumulator may be given besides policy and plan. */
export interface AccumulatorOptions {
  readonly run?: RunOptions;
  /** Goes on where `snapshot()` was taken; `run` then only overrides what it names. */
  readonly snapshot?: AccumulatorSnapshot;
  /** ms since 1970; `Date.now` by default. Where it goes back, events keep the latest time. */
  readonly clock?: () => number;
  readonly newId?: () => string;
}

/** What the training engine has to do with the window. */
export interface WindowStatus {
  readonly events: readonly TrainEvent[];
  /** `'full'`: step the optimizer, then call `applied()`; or call `discard()`. */
  readonly window: 'open' | 'full';
  /** The window's target, in samples. */
  readonly target: number;
  /** What the weighted sum of the window's gradients has to be divided by. */
  readonly normalizer: number;
}

/** What the training engine knows of an optimizer step. */
export interface AppliedInfo extends StepMeasurements {
  readonly learningRate?: number;
}

/** Turns micro-batch results into events: pure, without gradients or tensors; calls out of order throw an `Error`. */
export interface Accumulator {
  readonly run: RunInfo;
  /** The epoch under way has micro-batches and its tail is not decided yet. */
  readonly insideEpoch: boolean;
  start(): readonly TrainEvent[];
  /**
   * Counts a micro-batch. An epoch that its count or `lastOfEpoch` ended is closed first, if `endEpoch` was not called. A window
   * whose micro-batches were all skipped is discarded at once.
   */
  next(result: MicroBatchResult): WindowStatus;
  /** The optimizer really stepped. */
  applied(info?: AppliedInfo): readonly TrainEvent[];
  /** The gradients of the window were given up; without effect on an empty window. Not between an epoch-end and the next micro-batch. */
  discard(reason: string): readonly TrainEvent[];
  /** Decides the tail of an epoch whose count is unknown, before validation. Without effect where it is decided, or where the epoch is empty. */
  closeEpoch(): WindowStatus;
  endEpoch(valid?: Metrics): readonly TrainEvent[];
  log(values: LogValues): readonly TrainEvent[];
  diagnose(diagnostic: { level: DiagnosticLevel; code: string; message: string }): readonly TrainEvent[];
  /** Discards an open window and ends the run. Without effect on an ended run. */
  end(outcome?: RunOutcome, error?: string): readonly TrainEvent[];
  /** Micro-batches counted, and optimizer steps applied, since the run began. */
  readonly microStep: number;
  readonly step: number;
  /** Samples in the open window; 0 where none is open. */
  readonly windowSamples: number;
  /** Where training stood as the open window began; where it stands, if none is open. */
  readonly windowStart: Pick<Clocks, 'step' | 'samples' | 'epoch'>;
  /** The target, in samples, of the window that the next micro-batch belongs to. */
  nextTarget(): number;
  /**
   * Under `lastWindow: 'drop'`: the rest of the epoch can't fill a window, so that it need not be computed. The rest is
   * `samplesLeft`, or else what the plan's nominal sizes make it.
   */
  tailIsDropped(samplesLeft?: number): boolean;
  /** JSON; allowed between any two calls. */
  snapshot(): AccumulatorSnapshot;
}
