import { TELEMETRY_JSON } from '../log/records.js';
import { type JsonTree, mergeTree, putText, treeText } from './json-tree.js';
import { createMetricList } from './metric-list.js';
import { secondsOf } from './stream-lines.js';

/** What the server calls the run, from its answer to UpsertBucket. */
export interface ServerRun {
  /** The server's own id of the run. */
  readonly id: string;
  readonly entity: string;
  readonly project: string;
  readonly runId: string;
  readonly displayName: string | undefined;
}

/** What UpsertBucket says of the run: who it is, its config and its metrics. */
export interface RunBucket {
  /** Empty before the log's run record. */
  readonly runId: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** Grows with each change that the server should know. */
  readonly version: number;
  apply(type: string, content: Readonly<Record<string, unknown>>): void;
  /** The config as JSON text, each value under `value`, with W&B's own under `_wandb`. */
  configText(): string;
  /** The variables of the mutation; `server` where the run is there already, `program` where its name is known. */
  variables(server: ServerRun | undefined, program?: string): Record<string, unknown>;
}

/** A bucket that knows nothing yet: a log's records are applied to it in their order. */
export function createRunBucket(): RunBucket {
  const config: JsonTree = new Map();
  const metrics = createMetricList();
  let run: Readonly<Record<string, unknown>> = {};
  let version = 0;

  const text = (field: string) => (run[field] as string | undefined) || undefined;

  function configText(): string {
    putText(config, ['_wandb', 't'], TELEMETRY_JSON);
    putText(config, ['_wandb', 'm'], JSON.stringify(metrics.encoded()));
    const wrapped = [...config].map(([key, value]) => [key, new Map([['value', value]])] as const);
    return treeText(new Map(wrapped));
  }

  return {
    get runId() {
      return text('runId') ?? '';
    },
    get startedAt() {
      return secondsOf(run.startTime);
    },
    get version() {
      return version;
    },
    apply(type, content) {
      if (type === 'run') {
        run = { ...run, ...content };
        mergeTree(config, content.config);
      } else if (type === 'config') {
        mergeTree(config, content);
      } else if (type === 'metric') {
        metrics.apply(content);
      } else {
        return;
      }
      version++;
    },
    configText,
    variables(server, program) {
      const git = (run.git ?? {}) as { remoteUrl?: string; commit?: string };
      const tags = (run.tags ?? []) as string[];
      return {
        id: server?.id,
        name: text('runId'),
        project: server?.project ?? text('project'),
        entity: server?.entity ?? text('entity'),
        groupName: text('runGroup'),
        displayName: text('displayName') ?? server?.displayName,
        notes: text('notes'),
        commit: git.commit || undefined,
        repo: git.remoteUrl || undefined,
        config: configText(),
        host: text('host'),
        program,
        jobType: text('jobType'),
        sweep: text('sweepId'),
        tags: tags.length > 0 ? tags : undefined,
      };
    },
  };
}
