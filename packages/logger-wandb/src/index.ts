export type { ArtifactOptions } from './artifacts/artifact-options.js';
export type { ArtifactSource } from './artifacts/find-contents.js';
export type { LoggedArtifact } from './artifacts/run-artifacts.js';
export type { LogDamage } from './log/chunk-reader.js';
export { followWandbLog, peekWandbRun, type WandbLogFollower, type WandbLogListener } from './log/follow-log.js';
export { readWandbLog, type WandbLog, type WandbRecord } from './log/read-log.js';
export {
  createWandbRunState,
  readWandbRun,
  type WandbArtifact,
  type WandbMetric,
  type WandbRun,
  type WandbRunInfo,
  type WandbRunState,
} from './log/read-run.js';
export type { WandbRow } from './log/row-reader.js';
export type { MetricDefinition, MetricSummary } from './run/metric-definitions.js';
export type { LogOptions } from './run/partial-rows.js';
export type { RunConfig } from './run/run-config.js';
export type { SaveOptions } from './run/saved-files.js';
export type { WandbOptions } from './settings/options.js';
export { wandbSink } from './sink.js';
export { type ActiveRun, type RunSummary, type StartRunOptions, startRun } from './start-run.js';
export { type SyncOptions, syncRun } from './sync-run.js';
export type { LineCounts } from './upload/line-counts.js';
export type { FilesWaiting } from './upload/run-files.js';
export type { UploadProgress, UploadResult } from './upload/upload-run.js';
export { wandb } from './wandb.js';
