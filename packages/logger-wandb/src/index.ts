export type { LogDamage } from './chunk-reader.js';
export { readWandbLog, type WandbLog, type WandbRecord } from './read-log.js';
export { readWandbRun, type WandbMetric, type WandbRun, type WandbRunInfo } from './read-run.js';
export type { WandbOptions } from './settings.js';
export { wandbSink } from './sink.js';
export { wandb } from './wandb.js';
