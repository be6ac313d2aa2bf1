import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import type { LogDamage } from './chunk-reader.js';
import { deleteAt, setAt } from './nested.js';
import { readWandbLog, type WandbRecord } from './read-log.js';
import { parseValueJson } from './value-json.js';

/** What W&B would show of a run. */
export interface WandbRun {
  readonly run: WandbRunInfo;
  readonly config: Readonly<Record<string, unknown>>;
  /** One object a row, `_step`, `_timestamp` and `_runtime` among its keys; values inside objects are nested. */
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly summary: Readonly<Record<string, unknown>>;
  readonly metrics: readonly WandbMetric[];
  readonly artifacts: readonly WandbArtifact[];
  /** Absent where the run was not ended. */
  readonly exit?: { readonly exitCode: number; readonly runtime: number };
  readonly damage: readonly LogDamage[];
}

/** Who a run is. `startedAt` in ms since 1970. */
export interface WandbRunInfo {
  readonly id: string;
  readonly entity: string;
  readonly project: string;
  readonly name: string;
  readonly notes: string;
  readonly group: string;
  readonly jobType: string;
  readonly tags: readonly string[];
  readonly host: string;
  readonly startedAt: number;
  /** Where the log goes on with a run: the least step of its rows. */
  readonly startingStep?: number;
}

/** A metric that was declared by define_metric. */
export interface WandbMetric {
  readonly name?: string;
  readonly globName?: string;
  readonly stepMetric?: string;
}

/** A version of an artifact that the run made. */
export interface WandbArtifact {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly aliases: readonly string[];
  readonly tags: readonly string[];
  /** MD5 of the manifest, in hex. */
  readonly digest: string;
  /** By path; `digest` is the MD5 in base64, `size` in bytes. */
  readonly files: readonly { readonly path: string; readonly digest: string; readonly size: number }[];
}

interface Item {
  readonly key?: string;
  readonly nestedKey?: readonly string[];
  readonly valueJson?: string;
}

/** Puts together what W&B would show of a run, but for its rows, from the records of its log. */
export interface WandbRunState {
  /** Takes the next record; those of rows change nothing. */
  apply(record: WandbRecord): void;
  /** What the records so far say. */
  readonly current: Omit<WandbRun, 'history' | 'damage'>;
}

/** The state of a run before its first record. */
export function createWandbRunState(): WandbRunState {
  let run: WandbRunInfo = runInfo({});
  let exit: WandbRun['exit'];
  const config: Record<string, unknown> = {};
  const summary: Record<string, unknown> = {};
  const metrics: WandbMetric[] = [];
  const artifacts: WandbArtifact[] = [];

  return {
    apply({ type, content }) {
      switch (type) {
        case 'run':
          run = runInfo(content);
          update(config, content.config);
          update(summary, content.summary);
          break;
        case 'config':
          update(config, content);
          break;
        case 'summary':
          update(summary, content);
          break;
        case 'metric':
          metrics.push(content);
          break;
        case 'artifact':
          artifacts.push(artifactInfo(content));
          break;
        case 'exit':
          exit = { exitCode: (content.exitCode as number) ?? 0, runtime: (content.runtime as number) ?? 0 };
          break;
      }
      // W&B's own, which its pages don't show either.
      delete config._wandb;
    },
    get current() {
      return { run, config, summary, metrics, artifacts, ...(exit === undefined ? {} : { exit }) };
    },
  };
}

/**
 * Reads the run in a `.wandb` file, or in the run folder that holds it. Throws a `LoggerError` where there is no log
 * (`not-a-log`), or the file system's error.
 */
export function readWandbRun(path: string): WandbRun {
  const { records, damage } = readWandbLog(logPathOf(path));
  const state = createWandbRunState();
  const history: Record<string, unknown>[] = [];
  for (const record of records) {
    state.apply(record);
    if (record.type !== 'history') continue;
    const row: Record<string, unknown> = {};
    for (const item of (record.content.item ?? []) as Item[]) put(row, item);
    history.push(row);
  }
  return { ...state.current, history, damage };
}

function logPathOf(path: string): string {
  if (!statSync(path).isDirectory()) return path;
  const name = readdirSync(path).find((file) => /^run-.*\.wandb$/.test(file));
  if (name === undefined) throw new LoggerError('wandb', 'not-a-log', `${path} holds no run-*.wandb`);
  return join(path, name);
}

function runInfo(content: Readonly<Record<string, unknown>>): WandbRunInfo {
  const text = (field: string) => (content[field] as string | undefined) ?? '';
  const { seconds = 0, nanos = 0 } = (content.startTime ?? {}) as { seconds?: number; nanos?: number };
  return {
    id: text('runId'),
    entity: text('entity'),
    project: text('project'),
    name: text('displayName'),
    notes: text('notes'),
    group: text('runGroup'),
    jobType: text('jobType'),
    tags: (content.tags as string[] | undefined) ?? [],
    host: text('host'),
    startedAt: seconds * 1000 + nanos / 1e6,
    ...(content.startingStep === undefined ? {} : { startingStep: content.startingStep as number }),
  };
}

function artifactInfo(content: Readonly<Record<string, unknown>>): WandbArtifact {
  const text = (field: string) => (content[field] as string | undefined) ?? '';
  const { contents = [] } = (content.manifest ?? {}) as {
    contents?: { path?: string; digest?: string; size?: number }[];
  };
  return {
    name: text('name'),
    type: text('type'),
    description: text('description'),
    metadata: parseValueJson(text('metadata') || '{}') as Readonly<Record<string, unknown>>,
    aliases: (content.aliases as string[] | undefined) ?? [],
    tags: (content.tags as string[] | undefined) ?? [],
    digest: text('digest'),
    files: contents.map(({ path = '', digest = '', size = 0 }) => ({ path, digest, size })),
  };
}

function update(target: Record<string, unknown>, change: unknown): void {
  const { update = [], remove = [] } = (change ?? {}) as { update?: Item[]; remove?: Item[] };
  for (const item of update) put(target, item);
  for (const item of remove) deleteAt(target, pathOf(item));
}

function put(target: Record<string, unknown>, item: Item): void {
  setAt(target, pathOf(item), parseValueJson(item.valueJson ?? 'null'));
}

function pathOf({ key = '', nestedKey = [] }: Item): readonly string[] {
  return nestedKey.length > 0 ? nestedKey : [key];
}
