import { LoggerError } from '@microbatch/core/logger';
import type { JsonValue } from '../log/value-json.js';
import type { Resume } from '../settings/options.js';
import type { ExistingRun } from '../upload/server-run.js';

/** How a run begins that may be there already. */
export interface ResumeDecision {
  readonly resumed: boolean;
  /** The step of the first row. */
  readonly startingStep: number;
  /** Values of the earlier run; a key that the new process sets takes the place of the whole value. */
  readonly config: Readonly<Record<string, JsonValue>>;
  /** What the summary begins with. */
  readonly summary: Readonly<Record<string, JsonValue>>;
  /** Whole seconds that the run went before. */
  readonly startRuntime: number;
  /** The earlier run's, for a process that gives none. */
  readonly tags: readonly string[];
  readonly notes: string | undefined;
  readonly displayName: string | undefined;
}

const FRESH: ResumeDecision = {
  resumed: false,
  startingStep: 0,
  config: {},
  summary: {},
  startRuntime: 0,
  tags: [],
  notes: undefined,
  displayName: undefined,
};
/** What of W&B's own config outlives a new process of the run, as in the Python client. */
const KEPT_OF_WANDB = ['viz', 'visualize', 'mask/class_labels'];

/**
 * Decides as the Python client does. Throws a `LoggerError`: `resume-must` where the server has no such run, `resume-never`
 * where it has.
 */
export function decideResume(mode: Resume, runId: string, found: ExistingRun | undefined): ResumeDecision {
  if (found === undefined) {
    if (mode !== 'must') return FRESH;
    const message = `resume 'must' needs a run that is there, but the server has no run ${runId} that ever began`;
    throw new LoggerError('wandb', 'resume-must', `${message}: check the id, or use 'allow'`);
  }
  if (mode === 'never') {
    const message = `resume 'never' needs a new run, but the server has a run ${runId}: use another id, or 'allow'`;
    throw new LoggerError('wandb', 'resume-never', message);
  }
  const { summary, runtime, tags, notes, displayName, lineCounts, lastStep = 0 } = found;
  return {
    resumed: true,
    startingStep: lineCounts.history > 0 ? lastStep + 1 : lastStep,
    config: keptConfig(found.config),
    summary,
    startRuntime: runtime,
    tags,
    notes,
    displayName,
  };
}

function keptConfig({ _wandb: own, ...config }: ExistingRun['config']): ResumeDecision['config'] {
  if (typeof own !== 'object' || own === null) return config;
  const kept = Object.entries(own).filter(([key]) => KEPT_OF_WANDB.includes(key));
  return kept.length === 0 ? config : { ...config, _wandb: Object.fromEntries(kept) as Record<string, JsonValue> };
}
