import { readFileSync } from 'node:fs';
import type { LoggerNotice } from '@microbatch/core/logger';
import { parse } from 'yaml';
import { type JsonValue, toJsonValue } from '../log/value-json.js';
import { checkedTrimmed } from './checks.js';
import { type Environment, variable } from './environment.js';

/** The sweep that a `wandb agent` runs this process for, and the parameters that it chose. */
export interface Sweep {
  readonly sweepId: string | undefined;
  readonly sweepConfig: Readonly<Record<string, JsonValue>>;
}

/**
 * Reads what an agent set: `WANDB_SWEEP_ID`, and the file that `WANDB_SWEEP_PARAM_PATH` names. Parameters that can't be
 * read are a notice. Throws a `TypeError` that names the variable.
 */
export function resolveSweep(env: Environment): Sweep & { readonly notices: readonly LoggerNotice[] } {
  const sweepId = checkedTrimmed('WANDB_SWEEP_ID', variable(env, 'WANDB_SWEEP_ID'));
  const path = variable(env, 'WANDB_SWEEP_PARAM_PATH');
  if (path === undefined) return { sweepId, sweepConfig: {}, notices: [] };
  try {
    return { sweepId, sweepConfig: parametersOf(parse(readFileSync(path, 'utf8'))), notices: [] };
  } catch (error) {
    const message = `the config lacks the sweep's parameters, ${path} can't be read: ${(error as Error).message}`;
    return { sweepId, sweepConfig: {}, notices: [{ level: 'warn', code: 'sweep-config-unusable', message }] };
  }
}

/** The parameters in a file of `name: { value: … }`. */
function parametersOf(content: unknown): Record<string, JsonValue> {
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content)) throw new TypeError('it holds no parameters');
  return Object.fromEntries(
    Object.entries(content)
      .filter(([name]) => name !== 'wandb_version')
      .map(([name, parameter]: [string, unknown]) => {
        if (typeof parameter !== 'object' || parameter === null || !('value' in parameter)) {
          throw new TypeError(`the parameter ${name} has no value`);
        }
        return [name, toJsonValue(parameter.value)];
      }),
  );
}
