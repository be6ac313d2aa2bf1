import type { LogValues } from './log-values.js';
import type { RunInfo } from './run-info.js';

/** Where training stands. Each of the five only rises within a run. */
export interface Clocks {
  /** Micro-batches trained so far: the micro-batch that an event is about counts as the latest. */
  readonly microStep: number;
  /** Optimizer steps taken so far. */
  readonly step: number;
  /** Samples trained so far. */
  readonly samples: number;
  /** Epochs trained so far; fractional where the micro-batches of an epoch are known. */
  readonly epoch: number;
  /** ms since 1970. */
  readonly time: number;
}

/** Averages by name; `loss` is one of them where there is a loss. */
export type Metrics = Readonly<Record<string, number>>;

/** A micro-batch's line in the lineage of its window. */
export interface MicroBatchRecord {
  readonly microStep: number;
  readonly samples: number;
  readonly weight: number;
  readonly loss: number;
  /** Left out of its window for what was not finite: `weight` is 0, and `loss`, whatever it is, counts for nothing. */
  readonly skipped?: true;
}

/** What was measured of an optimizer step; each value is absent where it was not measured. */
export interface StepMeasurements {
  /** L2 norm of the accumulated gradient, over all variables, before clipping. */
  readonly gradNorm?: number;
  /** The same after clipping. */
  readonly clippedGradNorm?: number;
  /** In samples: B_simple of McCandlish et al. 2018 (arXiv:1812.06162), app. A.1, its two parts averaged over steps. */
  readonly gradientNoiseScale?: number;
  /** Standard error of the accumulated gradient relative to its norm (Byrd et al. 2012, "norm test"), from this window alone. */
  readonly normTestRatio?: number;
  /** Samples trained a second, from the step before to this one. */
  readonly samplesPerSecond?: number;
  /** ms that the window's forward and backward passes took. */
  readonly forwardBackwardMs?: number;
  /** ms that adding its gradients up took. */
  readonly accumulateMs?: number;
  /** ms that the optimizer step took, with what is done around it. */
  readonly applyMs?: number;
  /** ms that handing events to loggers took since the step before. */
  readonly logMs?: number;
}

/** How a run ended: by itself, by an error, or because somebody stopped it. */
export type RunOutcome = 'finished' | 'failed' | 'stopped';

/** First. */
export interface RunStartEvent extends Clocks {
  readonly type: 'run-start';
  readonly run: RunInfo;
}

/** After each backward pass. */
export interface MicroBatchEvent extends Clocks {
  readonly type: 'micro-batch';
  readonly loss: number;
  /** Samples in this micro-batch; `samples` is the cumulative clock. */
  readonly batchSamples: number;
  /** What it counts for in its window. */
  readonly weight: number;
  /** Its gradient was left out for what was not finite: `weight` is 0. */
  readonly skipped?: true;
  readonly metrics: Metrics;
  readonly learningRate?: number;
  /** In samples: what the window holds with this micro-batch, and what closes it. */
  readonly window: { readonly filled: number; readonly target: number };
  /** Only where micro-batches are recorded. */
  readonly smoothLoss?: number;
}

/** After each optimizer step was applied. `loss` = Σ weight·loss / `normalizer` over the `microBatches` that were not skipped. */
export interface AccumulatedBatchEvent extends Clocks, StepMeasurements {
  readonly type: 'accumulated-batch';
  readonly loss: number;
  readonly metrics: Metrics;
  readonly normalizer: number;
  readonly learningRate?: number;
  /** The window's target, in samples. */
  readonly accumBatchSize: number;
  /** The samples that the window really held. */
  readonly windowSamples: number;
  /** The lineage: anyone can recompute `loss`. */
  readonly microBatches: readonly MicroBatchRecord[];
  /** Only where accumulated batches are recorded. */
  readonly smoothLoss?: number;
}

/** A window was given up: its gradients made no optimizer step. */
export interface DiscardedWindowEvent extends Clocks {
  readonly type: 'discarded-window';
  readonly reason: string;
  readonly microBatches: readonly MicroBatchRecord[];
}

/** After the epoch's validation. */
export interface EpochEndEvent extends Clocks {
  readonly type: 'epoch-end';
  /** Means over the epoch's micro-batches that weigh anything, by their samples. */
  readonly train: Metrics;
  /** Validation means, by samples or by what these weigh; absent where nothing was validated. */
  readonly valid?: Metrics;
}

/** The user's own values. */
export interface LogEvent extends Clocks {
  readonly type: 'log';
  readonly values: LogValues;
}

/** How much a diagnostic matters. */
export type DiagnosticLevel = 'info' | 'warn' | 'error';

/** Something to tell the user. `code` is stable kebab-case. */
export interface DiagnosticEvent extends Clocks {
  readonly type: 'diagnostic';
  readonly level: DiagnosticLevel;
  readonly code: string;
  readonly message: string;
}

/** Last. */
export interface RunEndEvent extends Clocks {
  readonly type: 'run-end';
  readonly outcome: RunOutcome;
  readonly error?: string;
}

/** One event of a run: frozen plain data. Consumers ignore types that they don't know. */
export type TrainEvent =
  | RunStartEvent
  | MicroBatchEvent
  | AccumulatedBatchEvent
  | DiscardedWindowEvent
  | EpochEndEvent
  | LogEvent
  | DiagnosticEvent
  | RunEndEvent;
