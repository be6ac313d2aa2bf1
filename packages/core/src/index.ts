export { accumulate, type TrainInput } from './engine/accumulate.js';
export type {
  AccumulationPolicy,
  CommonPolicyOptions,
  FixedPolicy,
  SchedulePolicy,
} from './engine/accumulation-policy.js';
export type { Accumulator, AccumulatorOptions, AppliedInfo, WindowStatus } from './engine/accumulator.js';
export { type Annealer, schedCos, schedExp, schedLin, schedNo, schedPoly } from './engine/annealers.js';
export { createAccumulator } from './engine/create-accumulator.js';
export { type GradientAccumulationOptions, gradientAccumulation } from './engine/gradient-accumulation.js';
export {
  type GradientAccumulationScheduleOptions,
  gradientAccumulationSchedule,
} from './engine/gradient-accumulation-schedule.js';
export type { MicroBatchResult } from './engine/micro-batch-result.js';
export type { ScheduleBound } from './engine/schedule-bound.js';
export { createSmoothLoss, type SmoothLoss, type SmoothState } from './engine/smooth-loss.js';
export type { AccumulatorSnapshot } from './engine/snapshot.js';
export { resolvePlan } from './engine/training-plan.js';
export { defineLogger, type LoggerOptions } from './logger/define-logger.js';
export type { JsonValue } from './logger/json-codec.js';
export type {
  HistogramValue,
  ImageValue,
  LogValue,
  LogValues,
  TableCell,
  TableValue,
  TextValue,
} from './logger/log-values.js';
export type { Logger, Receipt } from './logger/logger.js';
export { LoggerError, type LoggerErrorCode } from './logger/logger-error.js';
export { type MemoryLogger, type MemorySink, memory, memorySink } from './logger/memory.js';
export type {
  LastWindow,
  Normalize,
  PolicyInfo,
  ResolvedPlan,
  RunInfo,
  RunOptions,
  TrainingPlan,
} from './logger/run-info.js';
export type { Sink, SinkSupports } from './logger/sink.js';
export type {
  AccumulatedBatchEvent,
  Clocks,
  DiagnosticEvent,
  DiagnosticLevel,
  DiscardedWindowEvent,
  EpochEndEvent,
  LogEvent,
  Metrics,
  MicroBatchEvent,
  MicroBatchRecord,
  RunEndEvent,
  RunOutcome,
  RunStartEvent,
  StepMeasurements,
  TrainEvent,
} from './logger/train-event.js';
export { type RecordOptions, record } from './record/record.js';
export { checkpointLoggers, type LoggerStates, resumeLoggers, whenRelieved } from './record/recorded-loggers.js';
