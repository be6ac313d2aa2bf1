import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { setAt } from '../log/nested.js';
import type { RunDescription } from '../log/records.js';
import type { RowTable } from '../log/row-table.js';
import type { JsonValue } from '../log/value-json.js';
import { withoutKeys } from '../settings/hiding-secrets.js';
import { deferred } from '../upload/deferred.js';
import type { FromSdkWorker, SdkRow, ToSdkWorker } from './sdk-worker.js';

const START_LIMIT_MS = 20_000;
const FINISH_LIMIT_MS = 25_000;

/** Sends a run's rows by `@wandb/sdk`, beside the log. Never throws: what goes wrong is a notice. */
export interface SdkUplink {
  /** Resolves when the SDK has begun the run, or has failed to. */
  readonly started: Promise<void>;
  row(table: RowTable, step: number): void;
  /** Resolves when everything is sent and the run is ended there, or that took too long. */
  finish(exitCode: number): Promise<void>;
  /** The process is going: gives up what is not sent yet. */
  abandon(): void;
}

/** Throws a `LoggerError` (`sdk-missing`) where `@wandb/sdk` is not installed. */
export function assertSdkInstalled(): void {
  try {
    createRequire(import.meta.url).resolve('@wandb/sdk');
  } catch (cause) {
    const message =
      "transport 'sdk' needs the package @wandb/sdk: npm install @wandb/sdk graphql, or leave transport out";
    throw new LoggerError('wandb', 'sdk-missing', message, { cause });
  }
}

/**
 * Starts the SDK in a worker thread of its own: it keeps process-wide state, takes signals for itself, and dies of a
 * refused key by an exception that nothing catches. None of that must reach the training.
 */
export function startSdkUplink(
  run: RunDescription,
  options: {
    /** Where absent, the SDK looks for one itself. */
    readonly apiKey: string | undefined;
    readonly baseUrl: string;
    readonly onStart: (url: string) => void;
    readonly onNotice: (notice: LoggerNotice) => void;
  },
): SdkUplink {
  const { apiKey, baseUrl } = options;
  const { WANDB_WORKER: _worker, WANDB_MODE: _mode, ...others } = process.env;
  const env = { ...others, WANDB_BASE_URL: baseUrl, ...(apiKey === undefined ? {} : { WANDB_API_KEY: apiKey }) };
  const worker = new Worker(new URL('./sdk-worker.js', import.meta.url), {
    workerData: run,
    env,
    stdout: true,
    stderr: true,
  });
  const withoutKey = (text: string) => withoutKeys(text, apiKey === undefined ? [] : [apiKey]);
  let over = false;
  const ended = deferred<void>();
  const started = deferred<void>();

  function end(problem?: string): void {
    if (over) return;
    over = true;
    started.resolve();
    ended.resolve();
    void worker.terminate();
    if (problem === undefined) return;
    const message = `@wandb/sdk: ${withoutKey(problem)}; it sends nothing more, the log on disk holds every row`;
    options.onNotice({ level: 'error', code: 'sdk-failed', message });
  }

  function limited(work: Promise<void>, limitMs: number, what: string): Promise<void> {
    const timer = setTimeout(() => end(`${what} took more than ${limitMs / 1000} s`), limitMs);
    return work.finally(() => clearTimeout(timer));
  }

  function post(message: ToSdkWorker): void {
    if (!over) worker.postMessage(message);
  }

  worker.on('message', (message: FromSdkWorker) => {
    if (message.type === 'failed') return end(message.reason);
    if (message.type === 'finished') return end();
    started.resolve();
    options.onStart(message.url);
    worker.unref();
  });
  worker.on('error', (error) => end(error.message));
  worker.on('exit', () => end('its thread ended'));
  worker.stdout.resume();
  worker.stderr.once('data', (chunk: Buffer) => {
    const message = `@wandb/sdk: ${withoutKey(chunk.toString().split('\n', 1)[0]!)}`;
    options.onNotice({ level: 'warn', code: 'sdk-message', message });
    worker.stderr.resume();
  });

  return {
    started: limited(started.promise, START_LIMIT_MS, 'its start'),
    row: (table, step) => post({ type: 'row', row: sdkRow(table, step) }),
    async finish(exitCode) {
      worker.ref();
      post({ type: 'finish', exitCode });
      await limited(ended.promise, FINISH_LIMIT_MS, 'sending the last rows');
    },
    abandon: () => end('the process ended before all rows were sent'),
  };
}

/** The row as an object of its own. The SDK's JSON has no NaN and no Infinity: W&B takes their names for them. */
function sdkRow(table: RowTable, step: number): SdkRow {
  const values: Record<string, unknown> = {};
  for (const column of table.filled.slice(0, table.width)) {
    setAt(values, table.paths[column]!, plain(table.latest[column]!));
  }
  return { step, values };
}

function plain(value: JsonValue): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number(value);
  return Array.isArray(value) ? value.map(plain) : value;
}
