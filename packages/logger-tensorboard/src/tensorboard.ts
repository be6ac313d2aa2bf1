import { defineLogger, type Logger, type LoggerOptions } from '@microbatch/core/logger';
import type { TensorBoardOptions } from './tensorboard-options.js';
import { tensorboardSink } from './tensorboard-sink.js';

/**
 * Shows a run, and what `log()` adds to it, in TensorBoard. Throws a `TypeError` for bad options, and a `RangeError` for
 * `maxQueued` or `timeoutMs`.
 */
export function tensorboard(options: TensorBoardOptions & LoggerOptions): Logger {
  const { maxQueued, timeoutMs, ...rest } = options;
  return defineLogger(tensorboardSink(rest), {
    ...(maxQueued === undefined ? {} : { maxQueued }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
