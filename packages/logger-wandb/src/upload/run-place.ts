import { LoggerError } from '@microbatch/core/logger';
import { type LineCounts, NO_LINES, STREAMS } from './line-counts.js';
import { saveContinued } from './next-part.js';
import { isLastRowOf } from './own-rows.js';
import { RequestFailed } from './requester.js';
import type { ServerApi, UpsertAnswer } from './server-api.js';
import { lastOf } from './server-run.js';
import type { UploadState } from './upload-state.js';

interface Context {
  readonly logPath: string;
  readonly baseUrl: string;
  readonly api: ServerApi;
}

const MAX_RETRIES = 6;

/** Where a log's first lines go, by the server's answer. Throws a `LoggerError` (`upload-refused`) where it does not say. */
export async function firstPlace({ counts, isNew, run }: UpsertAnswer, { baseUrl, api }: Context): Promise<LineCounts> {
  if (isNew || STREAMS.every((name) => counts[name] !== undefined)) return { ...NO_LINES, ...counts };
  const { bucket } = (await api.runToResume(run, { maxRetries: MAX_RETRIES })) ?? {};
  const hasRows = Object.keys(lastOf(bucket?.historyTail)).length > 0;
  const history = counts.history ?? bucket?.historyLineCount ?? (hasRows ? undefined : 0);
  if (history === undefined) {
    const message = `${baseUrl} does not say how many rows the run ${run.runId} has: others could be overwritten`;
    throw new LoggerError('wandb', 'upload-refused', message);
  }
  const events = counts.events ?? bucket?.eventsLineCount ?? 0;
  return { history, events, output: counts.output ?? bucket?.logLineCount ?? 0 };
}

/**
 * What the server has of a run that was begun to be uploaded, asked without changing it, which would open it again where it
 * has ended; nothing where it can't be asked. Throws as `assertOurs` does.
 */
export async function countsBefore(known: UploadState, context: Context): Promise<Partial<LineCounts> | undefined> {
  const { entity, project, runId } = known;
  try {
    const status = await context.api.status({ id: '', displayName: undefined, entity, project, runId });
    if (status !== undefined) await assertOurs(known, status.counts, context);
    return status?.counts;
  } catch (error) {
    if (error instanceof RequestFailed) return undefined;
    throw error;
  }
}

/**
 * Throws a `LoggerError` (`run-continued`) where the server has more rows than it acknowledged, and the last is not the
 * log's: its upload state may be older than what was sent, and what was sent may never have come.
 */
export async function assertOurs(known: UploadState, counts: Partial<LineCounts>, context: Context): Promise<void> {
  const { logPath, api } = context;
  const rows = (counts.history ?? 0) - known.base.history;
  if (rows <= known.acknowledged.history) return;
  const isOurs = await isLastRowOf(logPath, rows - 1, { api, place: known });
  if (isOurs ?? rows <= known.sent.history) return;
  await saveContinued(logPath, known);
  throw runContinued(known.runId, context);
}

/** Another process has sent rows of the run. */
export function runContinued(runId: string, { logPath, baseUrl }: Context): LoggerError {
  const message =
    `another process went on with the run ${runId} at ${baseUrl}, which has rows that are not of ${logPath}: ` +
    'nothing more is sent from this log';
  return new LoggerError('wandb', 'run-continued', message);
}
