export type { ByOutput } from './by-output.js';
export { CheckpointError, type CheckpointErrorCode } from './checkpoint/checkpoint-error.js';
export type { CheckpointInterval, CheckpointOptions, ResumeMode } from './checkpoint/checkpoint-options.js';
export type { CheckpointStore, StoredCheckpoint } from './checkpoint/checkpoint-store.js';
export type { CheckpointableOptimizer } from './checkpoint/optimizer-part.js';
export type { Restorable } from './checkpoint/restorable.js';
export type { RestoredState, SavedState } from './checkpoint/stateful-part.js';
export type { ClassWeights } from './class-weights.js';
export type { Clip } from './clip.js';
export type { CustomModel } from './custom-model.js';
export { accumulateGradients, type GradientAccumulation } from './drop-in/accumulate-gradients.js';
export type { AccumulateGradientsOptions } from './drop-in/accumulate-gradients-options.js';
export type { EarlyStoppingResult } from './early-stopping.js';
export type { EarlyStoppingOptions } from './early-stopping-options.js';
export type { HistogramOptions } from './histograms.js';
export type { InMemoryData } from './in-memory-data.js';
export type { LearningRate, LearningRateSchedule } from './learning-rate-schedule.js';
export type { LossName, Metric, TargetFunction } from './loss-and-metrics.js';
export type { MeasureOptions, NoiseScaleOptions, TimesOptions } from './measure-options.js';
export type { NonFinite } from './non-finite.js';
export type { OutputLoss } from './output-objectives.js';
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
export { registerWasmKernels } from './wasm-kernels/register-wasm-kernels.js';
export type { WeightDecay } from './weight-decay.js';
