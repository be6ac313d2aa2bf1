import { defineLogger, type Logger, type LoggerOptions } from '@microbatch/core/logger';
import type { WandbOptions } from './settings/options.js';
import { wandbSink } from './sink.js';

/**
 * A logger that writes each run as a W&B run: offline by default, in the official format. Throws as `wandbSink` does, and
 * a `RangeError` for `maxQueued` or `timeoutMs`.
 */
export function wandb(options: WandbOptions & LoggerOptions = {}): Logger {
  const { maxQueued, timeoutMs, ...rest } = options;
  return defineLogger(wandbSink(rest), {
    ...(maxQueued === undefined ? {} : { maxQueued }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
