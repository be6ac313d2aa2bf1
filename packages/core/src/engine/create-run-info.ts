import { assertOptions, show } from '../logger/option-checks.js';
import type { PolicyInfo, ResolvedPlan, RunInfo, RunOptions } from '../logger/run-info.js';
import { frozenCopy } from './frozen-copy.js';

/** Fills in what the user left out. Throws a `TypeError` that names the option and the value. */
export function createRunInfo(
  options: RunOptions,
  about: {
    plan: ResolvedPlan;
    policy: PolicyInfo;
    startedAt: number;
    newId: () => string;
    resumedAt?: { microStep: number; step: number; samples: number };
  },
): RunInfo {
  assertOptions('run', options, ['id', 'name', 'project', 'config', 'tags']);
  const { plan, policy, startedAt, resumedAt } = about;
  const id = options.id ?? about.newId();
  if (typeof id !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw new TypeError(`run.id must be 1 to 64 letters, digits, '_' or '-', not ${show(id)}`);
  }
  assertText('run.name', options.name);
  assertText('run.project', options.project);
  const { name = id, project, config = {}, tags = [] } = options;
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new TypeError(`run.config must be an object, not ${show(config)}`);
  }
  if (!Array.isArray(tags)) throw new TypeError(`run.tags must be an array of strings, not ${show(tags)}`);
  for (const [at, tag] of tags.entries()) assertText(`run.tags[${at}]`, tag);
  return Object.freeze({
    id,
    name,
    ...(project === undefined ? {} : { project }),
    config: frozenCopy(config, 'run.config'),
    tags: Object.freeze([...tags]),
    plan,
    policy,
    logAccumBatch: policy.logAccumBatch,
    startedAt,
    ...(resumedAt === undefined ? {} : { resumedAt: Object.freeze(resumedAt) }),
  });
}

function assertText(option: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw new TypeError(`${option} must be a string that is not empty, not ${show(value)}`);
  }
}

/** Eight letters and digits, as W&B's run ids. */
export function newRunId(): string {
  return Array.from({ length: 8 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
}
