export type { LogDamage } from './log/chunk-reader.js';
export { readWandbLog, type WandbLog, type WandbRecord } from './log/read-log.js';
export { readWandbRun, type WandbMetric, type WandbRun, type WandbRunInfo } from './log/read-run.js';
export type { WandbOptions } from './settings/settings.js';
export { wandbSink } from './sink.js';
export { wandb } from './wandb.js';
