export { defineLogger, type LoggerOptions } from './define-logger.js';
export { eventFromJson, eventToJson } from './event-json.js';
export { addExitHook, type ExitHook } from './exit-hooks.js';
export { decodeJson, encodeJson, type JsonValue } from './json-codec.js';
export type {
  HistogramValue,
  ImageValue,
  LogValue,
  LogValues,
  TableCell,
  TableValue,
  TextValue,
} from './log-values.js';
export type { Logger, LoggerSession, Receipt } from './logger.js';
export { LoggerError, type LoggerErrorCode } from './logger-error.js';
export type { LoggerNotice } from './logger-notice.js';
export { type MemoryLogger, type MemorySink, memory, memorySink } from './memory.js';
export { type MetricNames, metricNames, type NamingScheme } from './metric-names.js';
export { assertBoolean, assertOneOf, assertOptions, assertPositiveInteger, show } from './option-checks.js';
export { printLine } from './print-line.js';
export { batchScalars, isRecorded } from './recorded-scalars.js';
export type { LastWindow, Normalize, PolicyInfo, ResolvedPlan, RunInfo, RunOptions, TrainingPlan } from './run-info.js';
export type { Sink, SinkSupports } from './sink.js';
export { assertAxisFits, assertStepAxis, axisValue, type StepAxis } from './step-axis.js';
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
} from './train-event.js';
