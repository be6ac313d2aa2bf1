import { hostname } from 'node:os';
import type { LoggerNotice, RunOptions } from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import { gitInfo } from '../machine/git-info.js';
import { checkedConfig, checkedName, checkedPathName, checkedTags, checkedText, showStart } from './checks.js';
import { type Environment, variable } from './environment.js';
import type { WandbOptions } from './options.js';
import { checkedRunId, randomRunId } from './run-id.js';
import type { Sweep } from './sweep.js';

/** What is known of a run before it begins: a `RunInfo` is one. `startedAt` in ms since 1970. */
export type DescribedRun = RunOptions & { readonly startedAt: number };

/**
 * What a run is called on W&B; `host` is the machine's name. A run without an id has a random
 * one. Looks the repository up where that is wanted, so it is to be called once a run, with its working directory.
 * Throws a `TypeError` for a run that W&B can't take.
 */
export type Describe = (run: DescribedRun, host?: string) => RunDescription;

/** Checks all that describes a run, before there is one. Throws a `TypeError` that names the option or variable. */
export function createDescriber(
  options: WandbOptions,
  env: Environment,
  {
    sweepId,
    sweepConfig,
    saveGit,
    saveHost,
    needsId,
  }: Sweep & {
    readonly saveGit: boolean;
    readonly saveHost: boolean;
    readonly needsId: boolean;
  },
): { readonly describe: Describe; readonly notices: readonly LoggerNotice[] } {
  const fromEnv = {
    project: checkedPathName('WANDB_PROJECT', variable(env, 'WANDB_PROJECT')),
    entity: checkedPathName('WANDB_ENTITY', variable(env, 'WANDB_ENTITY')),
    id: checkedRunId('WANDB_RUN_ID', variable(env, 'WANDB_RUN_ID')),
    name: checkedName('WANDB_NAME', variable(env, 'WANDB_NAME')),
    group: checkedName('WANDB_RUN_GROUP', variable(env, 'WANDB_RUN_GROUP')),
  };
  const given = {
    project: checkedPathName('project', options.project),
    entity: checkedPathName('entity', options.entity),
    id: checkedRunId('id', options.id),
    name: checkedName('name', options.name),
    group: checkedName('group', options.group),
  };
  const notes = checkedText('notes', options.notes) ?? variable(env, 'WANDB_NOTES');
  const jobType = checkedText('jobType', options.jobType) ?? variable(env, 'WANDB_JOB_TYPE');
  const ownHost = checkedText('host', options.host) ?? variable(env, 'WANDB_HOST');
  const config = checkedConfig(options.config ?? {});
  const tags =
    options.tags === undefined
      ? checkedTags('WANDB_TAGS', env.WANDB_TAGS?.split(',').filter(Boolean) ?? [])
      : checkedTags('tags', options.tags);

  // A sweep's run belongs where its agent says, whatever the script says of other runs.
  const isTaken = (field: 'project' | 'entity' | 'id') => sweepId !== undefined && fromEnv[field] !== undefined;
  const place = (field: 'project' | 'entity' | 'id', ofRun?: string) =>
    isTaken(field) ? fromEnv[field] : (given[field] ?? ofRun ?? fromEnv[field]);
  const notices = (['project', 'entity', 'id'] as const)
    .filter((field) => isTaken(field) && given[field] !== undefined && given[field] !== fromEnv[field])
    .map((field): LoggerNotice => {
      const message = `${field} ${showStart(given[field])} is ignored in a sweep: it is ${showStart(fromEnv[field])}`;
      return { level: 'warn', code: `sweep-${field}`, message };
    });

  return {
    notices,
    describe(run, host = hostname()) {
      const runId = checkedOwnId(run.id);
      const id = place('id') ?? runId;
      if (id === undefined && needsId) {
        throw new TypeError("resume 'must' needs the id of a run that is there: by the option id or WANDB_RUN_ID");
      }
      return {
        id: id ?? randomRunId(),
        startedAt: run.startedAt,
        host: ownHost ?? (saveHost ? host : undefined),
        entity: place('entity'),
        project: place('project', checkedPathName('run.project', run.project)),
        group: given.group ?? fromEnv.group,
        notes,
        jobType,
        sweepId,
        // A run without a name of its own is called by its id: W&B then makes up a better one.
        name: given.name ?? (run.name === run.id ? undefined : checkedName('run.name', run.name)) ?? fromEnv.name,
        tags: [...new Set([...checkedTags('run.tags', run.tags ?? []), ...tags])],
        config: { ...checkedConfig(run.config ?? {}), ...config, ...sweepConfig },
        git: saveGit ? gitInfo(workingDirectory(), env) : undefined,
      };
    },
  };
}

function checkedOwnId(id: unknown): string | undefined {
  if (id === undefined || (typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id))) return id;
  throw new TypeError(`run.id must be 1 to 64 letters, digits, '_' or '-', not ${showStart(id)}`);
}

/** A program may go on in a folder that is gone. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}
