import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { type JsonValue, parseValueJson } from '../log/value-json.js';
import type { LineCounts } from './line-counts.js';
import { createRequester, RequestFailed, UploadAborted } from './requester.js';
import { checkedApiKey, checkedBaseUrl } from './server-address.js';
import { createServerApi, type RunToResume } from './server-api.js';
import { systemTimers, type UploadTimers } from './timers.js';

type JsonObject = Readonly<Record<string, JsonValue>>;

/** A run as the server has it, as far as another process needs it to go on with it. */
export interface ExistingRun {
  readonly entity: string;
  readonly project: string;
  readonly runId: string;
  readonly displayName: string | undefined;
  readonly notes: string | undefined;
  readonly tags: readonly string[];
  /** By key; with W&B's own under `_wandb`. */
  readonly config: JsonObject;
  readonly summary: JsonObject;
  /** The last row's `_step`, else the summary's; absent where neither has one. */
  readonly lastStep: number | undefined;
  readonly lineCounts: LineCounts;
  /** Whole seconds that the run has gone so far. */
  readonly runtime: number;
}

const LIMIT_MS = 90_000;
const MAX_RETRIES = 6;

/**
 * Asks the server for a run, with a few retries within 90 s; nothing where it has none of that id that ever began.
 * Rejects with a `TypeError` for wrong options, or a `LoggerError` that says what the server or the network answered.
 */
export async function readServerRun(options: {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The key's own where absent. */
  readonly entity?: string | undefined;
  readonly project?: string | undefined;
  readonly runId: string;
  readonly onNotice?: (notice: LoggerNotice) => void;
  readonly timers?: UploadTimers;
}): Promise<ExistingRun | undefined> {
  const { entity, project, runId, onNotice = () => {}, timers = systemTimers } = options;
  const baseUrl = checkedBaseUrl(options.baseUrl);
  const apiKey = checkedApiKey(options.apiKey);
  const limit = new AbortController();
  const over = new AbortController();
  void timers.wait('time-limit', LIMIT_MS, over.signal).then(() => limit.abort());
  const api = createServerApi(baseUrl, createRequester({ apiKey, timers, signal: limit.signal, onNotice }));
  try {
    const found = await api.runToResume({ entity, project, runId }, { maxRetries: MAX_RETRIES });
    return found && existingRun(found);
  } catch (error) {
    if (error instanceof RequestFailed) throw error;
    const reason = error instanceof UploadAborted ? `no answer within ${LIMIT_MS / 1000} s` : (error as Error).message;
    const message = `what ${baseUrl} has of the run ${runId} is not known: ${reason}`;
    throw new LoggerError('wandb', 'resume-failed', message, { cause: error });
  } finally {
    over.abort();
  }
}

/** Throws an error where the server's JSON is none. */
function existingRun({ entity, project, runId, bucket }: RunToResume): ExistingRun | undefined {
  // A sweep's run is there before it begins: then the server has no telemetry of it.
  if (objectOf(bucket.wandbConfig).t === undefined) return undefined;
  const summary = objectOf(bucket.summaryMetrics);
  const row = lastOf(bucket.historyTail);
  const events = lastOf(bucket.eventsTail);
  const { _wandb: own } = summary;
  const runtimes = [row._runtime, events._runtime, isObject(own) ? own.runtime : summary._runtime];
  return {
    entity,
    project,
    runId,
    displayName: bucket.displayName ?? undefined,
    notes: bucket.notes ?? undefined,
    tags: bucket.tags ?? [],
    config: configOf(bucket.config),
    summary,
    lastStep: [row._step, summary._step].find((step) => typeof step === 'number'),
    lineCounts: {
      history: bucket.historyLineCount ?? 0,
      events: bucket.eventsLineCount ?? 0,
      output: bucket.logLineCount ?? 0,
    },
    runtime: Math.trunc(Math.max(0, ...runtimes.filter((runtime) => typeof runtime === 'number'))),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(text: string | null | undefined): JsonObject {
  const value = text ? parseValueJson(text) : {};
  return isObject(value) ? value : {};
}

/** The last line of a list of them, as JSON text; empty where there is none. Throws an error where the text is no JSON. */
export function lastOf(text: string | null | undefined): JsonObject {
  const lines = text ? parseValueJson(text) : [];
  const line: unknown = Array.isArray(lines) ? lines.at(-1) : undefined;
  return typeof line === 'string' ? objectOf(line) : {};
}

/** Each key's value is under `value`. */
function configOf(text: string | null | undefined): JsonObject {
  const entries = Object.entries(objectOf(text));
  return Object.fromEntries(
    entries.flatMap(([key, entry]) => (isObject(entry) && entry.value !== undefined ? [[key, entry.value]] : [])),
  );
}
