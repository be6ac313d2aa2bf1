import type { PlainMessage } from './proto.js';
import type { RowTable } from './row-table.js';
import { type JsonValue, valueJsonText } from './value-json.js';

/** What a run says of itself before its first row. Times in ms since 1970. */
export interface RunDescription {
  readonly id: string;
  readonly startedAt: number;
  readonly project?: string | undefined;
  readonly entity?: string | undefined;
  readonly name?: string | undefined;
  readonly notes?: string | undefined;
  readonly tags: readonly string[];
  readonly group?: string | undefined;
  readonly jobType?: string | undefined;
  readonly host?: string | undefined;
  readonly config: Readonly<Record<string, JsonValue>>;
}

/** Who wrote the file, and the oldest client that reads it: the value that the official client writes. */
export function headerRecord(producer: string): PlainMessage {
  return { header: { versionInfo: { producer, minConsumer: '0.70.0' } } };
}

/** The run with its config. NaN becomes null in a config, as in the Python client: servers refuse it there. */
export function runRecord(run: RunDescription): PlainMessage {
  const config = Object.entries(run.config).map(([key, value]) => ({
    key,
    valueJson: valueJsonText(withoutNaN(value)),
  }));
  return {
    run: {
      runId: run.id,
      entity: run.entity,
      project: run.project,
      config: { update: config },
      runGroup: run.group,
      jobType: run.jobType,
      displayName: run.name,
      notes: run.notes,
      tags: run.tags,
      host: run.host,
      startTime: { seconds: Math.floor(run.startedAt / 1000), nanos: Math.floor(run.startedAt % 1000) * 1_000_000 },
    },
  };
}

function withoutNaN(value: JsonValue): JsonValue {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNaN);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNaN(item)]));
}

/** Declares a metric, so that W&B offers it as an x-axis. */
export function metricRecord(name: string): PlainMessage {
  return { metric: { name, options: { defined: true } } };
}

/** The latest value of every column, and the run time in whole seconds where W&B's own pages look for it. */
export function summaryRecord(table: RowTable, runtimeSeconds: number): PlainMessage {
  const update = [{ nestedKey: ['_wandb', 'runtime'], valueJson: String(runtimeSeconds) }];
  for (const [column, path] of table.paths.entries()) {
    const value = table.latest[column];
    if (value !== undefined && value !== null) update.push({ nestedKey: [...path], valueJson: valueJsonText(value) });
  }
  return { summary: { update } };
}

/** The last record of a run. */
export function exitRecord(exitCode: number, runtimeSeconds: number): PlainMessage {
  return { exit: { exitCode, runtime: runtimeSeconds } };
}
