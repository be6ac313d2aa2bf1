import { show } from '@microbatch/core/logger';

/** The process's environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value; an empty one counts as absent. */
export function variable(env: Environment, name: string): string | undefined {
  return env[name] || undefined;
}

const TRUE = ['1', 'true', 't', 'yes', 'y', 'on'];
const FALSE = ['0', 'false', 'f', 'no', 'n', 'off'];

/** A yes or no, in the spellings that the Python client takes. Throws a `TypeError` that names the variable. */
export function booleanVariable(env: Environment, name: string): boolean | undefined {
  const value = variable(env, name);
  if (value === undefined) return undefined;
  if (TRUE.includes(value.toLowerCase())) return true;
  if (FALSE.includes(value.toLowerCase())) return false;
  throw new TypeError(`${name} must be true or false, not ${show(value)}`);
}

/**
 * Whether any spelling of one of the Python client's internal switches is on: its setting `x_disable_stats` is read from
 * `WANDB_X_DISABLE_STATS` and, older, `WANDB__DISABLE_STATS`.
 */
export function isSwitchedOn(env: Environment, setting: string): boolean {
  return [`WANDB_X_${setting}`, `WANDB__${setting}`].some((name) => booleanVariable(env, name));
}
