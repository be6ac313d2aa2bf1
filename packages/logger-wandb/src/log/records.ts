import type { PlainMessage } from './proto.js';
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
  readonly sweepId?: string | undefined;
  readonly git?: { readonly remoteUrl?: string | undefined; readonly commit?: string | undefined } | undefined;
  /** The step that the first row must have at least: a run that is gone on with. */
  readonly startingStep?: number | undefined;
  readonly resumed?: boolean | undefined;
  /** Seconds that the run had taken before it was gone on with. */
  readonly runtime?: number | undefined;
  /** What the summary begins with: that of a run that is gone on with. */
  readonly summary?: Readonly<Record<string, JsonValue>> | undefined;
  readonly config: Readonly<Record<string, JsonValue>>;
}

/** Who wrote the file, and the oldest client that reads it: the value that the official client writes. */
export function headerRecord(producer: string): PlainMessage {
  return { header: { versionInfo: { producer, minConsumer: '0.70.0' } } };
}

/**
 * What W&B is told of the program that wrote a run, as JSON; 12 is the version of its core. A Python client that resumes a
 * run takes one without it for a run that never began.
 */
export const TELEMETRY_JSON = '{"12":"microbatch"}';

/**
 * The run with its config. The telemetry is there for the `wandb sync` of wandb 0.22, which sends neither metric
 * definitions nor anything else of its own unless the config has something of W&B's; later ones put their own in its place.
 */
export function runRecord(run: RunDescription): PlainMessage {
  const { update } = configUpdate(run.config);
  const telemetry = { nestedKey: ['_wandb', 't'], valueJson: TELEMETRY_JSON };
  return {
    run: {
      runId: run.id,
      entity: run.entity,
      project: run.project,
      config: { update: [...update, telemetry] },
      summary: run.summary && jsonUpdate(run.summary),
      runGroup: run.group,
      jobType: run.jobType,
      displayName: run.name,
      notes: run.notes,
      tags: run.tags,
      sweepId: run.sweepId,
      host: run.host,
      startingStep: run.startingStep,
      startTime: timestamp(run.startedAt),
      resumed: run.resumed,
      runtime: run.runtime,
      git: run.git,
    },
  };
}

/** New values of a config, and changed ones. */
export function configRecord(config: Readonly<Record<string, JsonValue>>): PlainMessage {
  return { config: configUpdate(config) };
}

/** NaN becomes null in a config, as in the Python client: servers refuse it there. */
function configUpdate(config: Readonly<Record<string, JsonValue>>): ItemUpdate {
  return jsonUpdate(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, withoutNaN(value)])));
}

interface ItemUpdate extends PlainMessage {
  readonly update: PlainMessage[];
}

function jsonUpdate(values: Readonly<Record<string, JsonValue>>): ItemUpdate {
  return { update: Object.entries(values).map(([key, value]) => ({ key, valueJson: valueJsonText(value) })) };
}

function timestamp(timeMs: number): PlainMessage {
  return { seconds: Math.floor(timeMs / 1000), nanos: Math.floor(timeMs % 1000) * 1_000_000 };
}

function withoutNaN(value: JsonValue): JsonValue {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNaN);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNaN(item)]));
}

/** How W&B is to treat a metric, or all whose names begin like a glob: fields of wandb's MetricRecord. */
export interface MetricContent {
  readonly name?: string;
  readonly globName?: string;
  readonly stepMetric?: string | undefined;
  readonly options: { readonly stepSync?: boolean; readonly hidden?: boolean; readonly defined: boolean };
  readonly summary?: Readonly<Record<string, true>>;
  /** 0 unset, 1 minimize, 2 maximize. */
  readonly goal?: number;
  readonly expandedFromGlob?: boolean;
}

/** Declares a metric, so that W&B offers it as an x-axis; what was declared of it before is forgotten. */
export function metricRecord(metric: MetricContent): PlainMessage {
  return { metric: { ...metric, control: { overwrite: true } } };
}

/** Values of the summary, by path, and the run time in whole seconds where W&B's own pages look for it. */
export function summaryRecord(
  values: Iterable<readonly [path: readonly string[], value: JsonValue]>,
  runtimeSeconds: number,
): PlainMessage {
  const update = [{ nestedKey: ['_wandb', 'runtime'], valueJson: String(runtimeSeconds) }];
  for (const [path, value] of values) update.push({ nestedKey: [...path], valueJson: valueJsonText(value) });
  return { summary: { update } };
}

/** Files under the run's `files/`; `policy` as the client that uploads them reads it. */
export function filesRecord(paths: readonly string[], policy: FilePolicy, kind: FileKind): PlainMessage {
  return {
    files: { files: paths.map((path) => ({ path, policy: FILE_POLICIES[policy], type: FILE_KINDS[kind] })) },
  };
}

/** When a file is uploaded: at once, when the run ends, or both. */
export type FilePolicy = 'now' | 'end' | 'live';
/** What a file is to W&B's pages. */
export type FileKind = 'other' | 'wandb' | 'media' | 'artifact';

/** The numbers by which a log names them. */
export const FILE_POLICIES: Readonly<Record<FilePolicy, number>> = { now: 0, end: 1, live: 2 };
const FILE_KINDS: Readonly<Record<FileKind, number>> = { other: 0, wandb: 1, media: 2, artifact: 3 };

/** A sample of the machine's own metrics. */
export function statsRecord(values: Readonly<Record<string, number>>, timeMs: number): PlainMessage {
  const item = Object.entries(values).map(([key, value]) => ({ key, valueJson: valueJsonText(value) }));
  return { stats: { timestamp: timestamp(timeMs), item } };
}

/** What the program printed, as it printed it: `text` may hold several lines, or a part of one. */
export function outputRecord(kind: 'stdout' | 'stderr', text: string, timeMs: number): PlainMessage {
  return { outputRaw: { outputType: kind === 'stdout' ? 1 : 0, timestamp: timestamp(timeMs), line: text } };
}

/** How the run ended. */
export function exitRecord(exitCode: number, runtimeSeconds: number): PlainMessage {
  return { exit: { exitCode, runtime: runtimeSeconds } };
}

/**
 * The last record of a run. Without it the `wandb sync` of wandb 0.22 sends neither the exit code nor what changed in the
 * config after the run record; later ones pass over it.
 */
export const FINAL_RECORD: PlainMessage = { final: {} };
