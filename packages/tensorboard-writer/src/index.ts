export type { CustomScalarChart, CustomScalarLayout, CustomScalarOptions, MarginSeries } from './custom-scalars.js';
export { decodeHParams, type HParamsRecord } from './decode-hparams.js';
export type { EmbeddingLabel } from './embedding-labels.js';
export type { ScalarFormat } from './encode-event.js';
export type {
  AudioClip,
  EventTime,
  FileEvent,
  HistogramBucket,
  PluginOwned,
  SessionStatus,
  StopInfo,
  StopReason,
  SummaryValue,
} from './event.js';
export { EventFileError, type EventFileErrorCode } from './event-file-error.js';
export type { EventListener, OtherValue, ScalarTaker } from './event-values.js';
export { findRuns, type Run } from './find-runs.js';
export { followRun, type RunFollower } from './follow-run.js';
export type { GraphCall, GraphLayer, GraphModel, GraphShape, GraphTensor } from './graph-model.js';
export type { HistogramCounts } from './histogram-counts.js';
export type { HParamDomain } from './hparam-domain.js';
export type { HParamValue } from './hparam-value.js';
export type { HParamsOptions, HParamsSessionOptions, HParamsStatus } from './hparams.js';
export type { DenseArray, NumericArray, NumericInput, TensorLike } from './numeric-input.js';
export type { ImageLayout, ImagesLayout } from './pixels.js';
export type { PrCurveOptions } from './pr-curve.js';
export type { EmbeddingOptions } from './projector.js';
export { type EventReader, type ReadEventsOptions, readEvents } from './read-events.js';
export { type RunScalars, readScalars, type ScalarFile, type ScalarSeries } from './read-scalars.js';
export type {
  AudioOptions,
  HistogramOptions,
  HParamsRowOptions,
  ImageGridOptions,
  ImageOptions,
  MeshOptions,
  SummaryWriterOptions,
  WallTimeOption,
  WeightedPrCurveOptions,
} from './summary-options.js';
export { SummaryWriter } from './summary-writer.js';
export type { TensorValue } from './tensor-value.js';
