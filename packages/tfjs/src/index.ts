export type { Clip } from './clip.js';
export type { CustomModel } from './custom-model.js';
export type { HistogramOptions } from './histograms.js';
export type { InMemoryData } from './in-memory-data.js';
export type { LearningRate, LearningRateSchedule } from './learning-rate-schedule.js';
export type { LossName, Metric, TargetFunction } from './loss-and-metrics.js';
export type { MeasureOptions, NoiseScaleOptions, TimesOptions } from './measure-options.js';
export type { NonFinite } from './non-finite.js';
export type { BatchStream } from './streamed-data.js';
export type { LabelledBatch, Tensors } from './tensors.js';
export { train } from './train.js';
export type {
  CommonTrainOptions,
  CustomTrainOptions,
  LayersTrainOptions,
  TrainOptions,
  TrainResult,
  TrainRun,
} from './train-options.js';
export type { NamedScalars } from './trainable.js';
export type { ValidationData } from './validation.js';
export type { WeightDecay } from './weight-decay.js';
