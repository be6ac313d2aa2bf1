import { parentPort, workerData } from 'node:worker_threads';
import type { RunDescription } from '../log/records.js';

/** One row for the SDK; `_step`, `_timestamp` and `_runtime` are its own affair. */
export interface SdkRow {
  readonly step: number;
  readonly values: Record<string, unknown>;
}

export type ToSdkWorker =
  | { readonly type: 'row'; readonly row: SdkRow }
  | { readonly type: 'finish'; readonly exitCode: number };

export type FromSdkWorker =
  | { readonly type: 'ready'; readonly url: string }
  | { readonly type: 'finished' }
  | { readonly type: 'failed'; readonly reason: string };

// The SDK posts at most 10,000 rows at a time and its finish() makes one post: it may never hold more.
const MAX_HELD = 5_000;
const PUMP_EVERY_MS = 100;

interface Delay {
  cancel(): void;
}

/** What the SDK keeps behind a run: nothing public says how many rows it still holds. */
interface SdkInternals {
  readonly queue: { readonly items: readonly unknown[] };
  readonly delay: Delay;
  readonly filestream: { readonly queue: { readonly items: readonly unknown[] }; readonly delay: Delay };
}

const waiting: SdkRow[] = [];
let exitCode: number | undefined;

function tell(message: FromSdkWorker): void {
  parentPort!.postMessage(message);
}

async function start(description: RunDescription): Promise<void> {
  const { wandb } = await import('@wandb/sdk');
  const run = await wandb.init({
    id: description.id,
    project: description.project ?? '',
    entity: description.entity ?? '',
    ...(description.name === undefined ? {} : { name: description.name }),
    config: wrapped(description.config),
  });
  const sender = (run._messenger as unknown as { sender?: SdkInternals }).sender;
  if (!Array.isArray(sender?.queue?.items) || !Array.isArray(sender.filestream?.queue?.items)) {
    throw new Error('this version is not known: 0.5.1 is');
  }
  tell({ type: 'ready', url: run.url() });

  const timer = setInterval(() => {
    const held = sender.queue.items.length + sender.filestream.queue.items.length;
    for (const { step, values } of waiting.splice(0, Math.max(0, MAX_HELD - held))) run.log(values, step);
    if (waiting.length === 0 && exitCode === undefined) return;
    if (held === 0 && waiting.length === 0) {
      clearInterval(timer);
      run.finish(exitCode).then(() => tell({ type: 'finished' }), fail);
      return;
    }
    // Both loops sleep for seconds between their looks.
    sender.delay.cancel();
    sender.filestream.delay.cancel();
  }, PUMP_EVERY_MS);
}

/** As the server keeps a config; the SDK leaves that to its caller. */
function wrapped(config: RunDescription['config']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }]));
}

function fail(error: unknown): void {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

parentPort!.on('message', (message: ToSdkWorker) => {
  if (message.type === 'row') waiting.push(message.row);
  else exitCode = message.exitCode;
});

start(workerData as RunDescription).catch(fail);
