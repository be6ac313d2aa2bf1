import { defineLogger, type Logger } from '@microbatch/core/logger';
import type { TensorBoardOptions } from './tensorboard-options.js';
import { tensorboardSink } from './tensorboard-sink.js';

/** Writes a run's scalars where TensorBoard finds them. Throws a `TypeError` for bad options. */
export function tensorboard(options: TensorBoardOptions): Logger {
  return defineLogger(tensorboardSink(options));
}
