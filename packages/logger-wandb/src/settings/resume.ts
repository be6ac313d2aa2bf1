import { assertOneOf, type LoggerNotice } from '@microbatch/core/logger';
import { type Environment, variable } from './environment.js';
import type { RunMode } from './mode.js';
import type { Resume, WandbOptions } from './options.js';

/** What an online run does with one of its id; a notice where it is not online. Throws a `TypeError`. */
export function resolveResume(
  options: WandbOptions,
  env: Environment,
  { mode, transport }: RunMode,
): { readonly resume: Resume | undefined; readonly notices: readonly LoggerNotice[] } {
  const source = options.resume === undefined ? 'WANDB_RESUME' : 'resume';
  const resume = options.resume ?? variable(env, 'WANDB_RESUME');
  if (resume === undefined) return { resume: undefined, notices: [] };
  assertOneOf<Resume>(source, resume, ['allow', 'must', 'never']);
  if (transport === 'sdk') {
    throw new TypeError(`${source} '${resume}' is nothing that transport 'sdk' can do: leave one of them out`);
  }
  if (mode === 'online') return { resume, notices: [] };
  if (mode === 'disabled') return { resume: undefined, notices: [] };
  const message =
    `${source} '${resume}' is ignored, since the run is offline: ` +
    '`wandb sync --id` can add its rows to a run that is there';
  return { resume: undefined, notices: [{ level: 'warn', code: 'resume-ignored', message }] };
}
