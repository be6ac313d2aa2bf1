import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import type { WandbSettings } from '../settings/settings.js';
import { untilRunFree } from '../upload/run-users.js';
import { finishEarlierLogs } from './finish-earlier-logs.js';
import { resumeRun } from './resume-run.js';

/** A run as it begins, and how. */
export interface ResumedRun {
  readonly description: RunDescription;
  readonly settings: WandbSettings;
}

/**
 * `resumeRun` of a training that goes on from a checkpoint: behind what killed processes left in their logs. Where the
 * server can't be asked within `limitMs`, or an uploader is still at it, the run goes on offline, which is told: its rows
 * are worth more than their way. A `resume` that was asked for still rejects.
 */
export async function resumeCheckpointed(
  settings: WandbSettings,
  description: RunDescription,
  { onNotice, limitMs }: { readonly onNotice: (notice: LoggerNotice) => void; readonly limitMs: number },
): Promise<ResumedRun> {
  async function resume(): Promise<RunDescription> {
    await untilRunFree(join(settings.dir, 'wandb'), description.id, { onNotice, limitMs });
    await finishEarlierLogs(settings, description, onNotice);
    return resumeRun({ ...settings, resume: settings.resume ?? 'allow' }, description, onNotice);
  }

  const over = new AbortController();
  try {
    return { settings, description: await Promise.race([resume(), tooLate(limitMs, over.signal)]) };
  } catch (error) {
    if (settings.resume !== undefined || !(error instanceof LoggerError)) throw error;
    const message = `the run ${description.id} goes on offline: ${error.message}; sync its new folder when the earlier ones are`;
    onNotice({ level: 'warn', code: 'resumed-offline', message });
    return { settings: { ...settings, mode: 'offline' }, description };
  } finally {
    over.abort();
  }
}

async function tooLate(limitMs: number, signal: AbortSignal): Promise<never> {
  await setTimeout(limitMs, undefined, { signal, ref: false });
  throw new LoggerError('wandb', 'resume-failed', `the server did not answer within ${limitMs / 1000} s`);
}
