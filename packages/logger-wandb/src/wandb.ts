import { defineLogger, type Logger, type LoggerOptions } from '@microbatch/core/logger';
import type { WandbOptions } from './settings/options.js';
import { createSink } from './sink.js';

/** As `defineLogger` has it. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** What of the time that `close` has is for the upload: the base must not give up what goes on by itself. */
const UPLOAD_SHARE = 0.8;

/**
 * A logger that writes each run as a W&B run: offline by default, in the official format. Throws as `wandbSink` does, and
 * a `RangeError` for `maxQueued` or `timeoutMs`.
 */
export function wandb(options: WandbOptions & LoggerOptions = {}): Logger {
  const { maxQueued, timeoutMs, ...rest } = options;
  const timeLimitMs = typeof timeoutMs === 'number' ? timeoutMs : DEFAULT_TIMEOUT_MS;
  return defineLogger(createSink(rest, UPLOAD_SHARE * timeLimitMs), {
    ...(maxQueued === undefined ? {} : { maxQueued }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
