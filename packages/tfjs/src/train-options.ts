import type {
  AccumulationPolicy,
  EpochEndEvent,
  LogValues,
  RunOptions,
  RunOutcome,
  TrainEvent,
} from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { Observable } from 'rxjs';
import type { ByOutput } from './by-output.js';
import type { CheckpointOptions } from './checkpoint/checkpoint-options.js';
import type { ClassWeights } from './class-weights.js';
import type { Clip } from './clip.js';
import type { CustomModel } from './custom-model.js';
import type { EarlyStoppingResult } from './early-stopping.js';
import type { EarlyStoppingOptions } from './early-stopping-options.js';
import type { HistogramOptions } from './histograms.js';
import type { InMemoryData } from './in-memory-data.js';
import type { LearningRate } from './learning-rate-schedule.js';
import type { Metric } from './loss-and-metrics.js';
import type { MeasureOptions } from './measure-options.js';
import type { NonFinite } from './non-finite.js';
import type { OutputLoss } from './output-objectives.js';
import type { BatchStream } from './streamed-data.js';
import type { LabelledBatch } from './tensors.js';
import type { ValidationData } from './validation.js';
import type { WeightDecay } from './weight-decay.js';

/** What `train` takes for every kind of model. `B` is what `data` yields. */
export interface CommonTrainOptions<B> {
  /** Keeps its state by the position of a variable: one optimizer serves one run at a time. */
  readonly optimizer: tf.Optimizer;
  /** Tensors, a data set (whose tensors are disposed after use), batches, or a function that makes batches for an epoch. */
  readonly data: InMemoryData | tf.data.Dataset<tf.TensorContainer> | BatchStream<B>;
  /** Done in inference mode at each epoch's end; means by samples, or by sample weights where it has them. */
  readonly validation?: ValidationData<B>;
  /** 1 by default. */
  readonly epochs?: number;
  /** When the optimizer steps. */
  readonly accumulation: AccumulationPolicy;
  /** Limits each window's mean gradient; by default nothing does. */
  readonly clip?: Clip;
  /** Set on the optimizer before each step, and left there; by default the optimizer's own rate stays. */
  readonly learningRate?: LearningRate;
  /** Decoupled, once an optimizer step, with its learning rate; none by default. */
  readonly weightDecay?: WeightDecay;
  /** `'propagate'` by default; `'skip'` is not for normalize `'target'`. */
  readonly nonFinite?: NonFinite;
  /** The run's id, name, project, configuration and tags, for the loggers; a random id by default. */
  readonly run?: RunOptions;
  /**
   * What a batch counts for in its window, where that is not its samples: tokens, say. The loss must be the mean over it.
   * A scalar tensor is read when the loss is, which stalls no device. A batch of weight 0 is left out and its loss told
   * as 0; a window must weigh something. Not with `classWeight` or sample weights, which say it themselves.
   */
  readonly weight?: (batch: B) => number | tf.Tensor;
  /** Nominal samples in a batch, where `data` is not in memory and the policy does not say; an array's first batch tells them. */
  readonly microBatchSize?: number;
  /** Batches in an epoch, where `data` is not in memory: an epoch ends there, however many there are. */
  readonly microBatchesPerEpoch?: number;
  /** Whether to dispose the tensors of iterables' batches after use; false by default: who made them disposes them. */
  readonly disposeBatches?: boolean;
  /**
   * A 32-bit integer. What a model draws from `Math.random` while it trains, as dropout without a seed of its own does, then
   * depends on it and on the micro-batch alone; without it, a run with dropout can't be repeated.
   */
  readonly seed?: number;
  /** Saves the run while it goes on, and goes on where a killed one was saved; not by default. */
  readonly checkpoints?: CheckpointOptions;
  /** Logs the distributions of weights and accumulated gradients after every so many optimizer steps; none by default. */
  readonly histograms?: HistogramOptions;
  /** Ends training where a value of its epochs does not improve any more; never by default. */
  readonly earlyStopping?: EarlyStoppingOptions;
  /** What is measured of every optimizer step; nothing by default. */
  readonly measure?: MeasureOptions;
}

/** What `train` takes for a layers model. */
export interface LayersTrainOptions extends CommonTrainOptions<LabelledBatch> {
  readonly model: tf.LayersModel;
  /**
   * A name as in `model.compile`, or a function that returns the batch's mean as a scalar; where samples or classes have
   * weights, a function returns a value for each weight instead. For several outputs one for all, or by position or name.
   */
  readonly loss: ByOutput<OutputLoss>;
  /** What each output's loss is multiplied by in their sum, by position or by name of the output; 1 by default. */
  readonly lossWeights?: readonly number[] | Readonly<Record<string, number>>;
  /**
   * Computed from the predictions that the loss was computed from. For several outputs an array holds those of every
   * output; with their losses they are measured as `<output>_<metric>` and `<output>_loss`.
   */
  readonly metrics?: readonly Metric[] | Readonly<Record<string, Metric | readonly Metric[]>>;
  /**
   * What the samples (or timesteps) of each class count for in training, as in Keras' `fit`, times their sample weights; 1
   * for a class that is not named. Losses and metrics are Σ weight·value / Σ weight, where `fit` divides by the samples.
   */
  readonly classWeight?: ClassWeights;
}

/** What `train` takes for a custom model. */
export interface CustomTrainOptions<B = LabelledBatch> extends CommonTrainOptions<B> {
  readonly model: CustomModel<B>;
  /** The samples of a batch; by default the first dimension of the first tensor in it. */
  readonly samples?: (batch: B) => number;
}

/** What `train` takes. */
export type TrainOptions<B = LabelledBatch> = LayersTrainOptions | CustomTrainOptions<B>;

/** What a run gave. */
export interface TrainResult {
  /** The `epoch-end` events. */
  readonly history: readonly EpochEndEvent[];
  /** `'stopped'` where `stop()` ended it; else, early or not, `'finished'`. */
  readonly outcome: Exclude<RunOutcome, 'failed'>;
  /** What early stopping did, where it was asked for. */
  readonly earlyStopping?: EarlyStoppingResult;
}

/** A run under way. */
export interface TrainRun {
  readonly id: string;
  /** Multicast; late subscribers get `run-start` first. Ends with `run-end`, then completes, or errs where training failed. */
  readonly events$: Observable<TrainEvent>;
  /** Rejects with what made training fail; nobody has to listen. */
  readonly done: Promise<TrainResult>;
  /** Finishes the micro-batch under way, discards the open window and ends the run as stopped, when loggers can take that. */
  stop(): void;
  /**
   * Puts the user's own values into the stream, behind events that wait for a slow logger. Throws an `Error` before
   * `run-start` and after `run-end`.
   */
  log(values: LogValues): void;
}
