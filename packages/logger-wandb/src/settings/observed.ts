import { assertBoolean, assertOneOf, show } from '@microbatch/core/logger';
import { booleanVariable, type Environment, isSwitchedOn, variable } from './environment.js';
import type { WandbOptions } from './options.js';

/** What is recorded of the machine and the process beside the user's own values. */
export interface Observed {
  readonly systemMetrics: boolean;
  readonly systemMetricsEveryMs: number;
  readonly captureConsole: boolean;
  readonly saveGit: boolean;
  /** Whether the machine and the program are described beside the run, in wandb-metadata.json. */
  readonly saveMetadata: boolean;
  /** Whether the machine's own name may be told. */
  readonly saveHost: boolean;
}

const CONSOLES = ['auto', 'off', 'wrap', 'redirect', 'wrap_raw', 'wrap_emu'] as const;
const DEFAULT_SAMPLING_SECONDS = 15;
const MIN_SAMPLING_SECONDS = 0.1;

/** Throws a `TypeError` or a `RangeError` that names the option or the variable. */
export function resolveObserved(options: WandbOptions, env: Environment): Observed {
  for (const name of ['systemMetrics', 'captureConsole', 'saveGit'] as const) {
    if (options[name] !== undefined) assertBoolean(name, options[name]);
  }
  const isMachineHidden = isSwitchedOn(env, 'DISABLE_MACHINE_INFO');
  return {
    systemMetrics: options.systemMetrics ?? !(isMachineHidden || isSwitchedOn(env, 'DISABLE_STATS')),
    systemMetricsEveryMs: samplingSeconds(env) * 1000,
    captureConsole: options.captureConsole ?? capturesConsole(env),
    saveGit: options.saveGit ?? !(isMachineHidden || booleanVariable(env, 'WANDB_DISABLE_GIT')),
    saveMetadata: !(isMachineHidden || isSwitchedOn(env, 'DISABLE_META')),
    saveHost: !isMachineHidden,
  };
}

// The official client's default is to capture; here that is only for who asks for it, so `auto` does not ask.
function capturesConsole(env: Environment): boolean {
  const value = variable(env, 'WANDB_CONSOLE');
  if (value === undefined) return false;
  assertOneOf('WANDB_CONSOLE', value, CONSOLES);
  return value !== 'auto' && value !== 'off';
}

function samplingSeconds(env: Environment): number {
  const name = 'WANDB_X_STATS_SAMPLING_INTERVAL';
  const value = variable(env, name);
  if (value === undefined) return DEFAULT_SAMPLING_SECONDS;
  const seconds = Number(value);
  if (seconds >= MIN_SAMPLING_SECONDS && Number.isFinite(seconds)) return seconds;
  throw new RangeError(`${name} must be a number of seconds, at least ${MIN_SAMPLING_SECONDS}, not ${show(value)}`);
}
