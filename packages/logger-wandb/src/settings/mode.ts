import { assertOneOf, show } from '@microbatch/core/logger';
import { booleanVariable, type Environment, variable } from './environment.js';
import type { WandbOptions } from './options.js';

/** How a run is written, and what sends it. `transport` is `'log'` where nothing is sent. */
export interface RunMode {
  readonly mode: 'offline' | 'online' | 'disabled';
  readonly transport: 'log' | 'sdk';
}

const MODES = ['offline', 'online', 'disabled'] as const;
/** The official client's other words for the same. */
const OLD_MODES: Readonly<Record<string, RunMode['mode']>> = { dryrun: 'offline', run: 'online' };

/** Throws a `TypeError` that names the option or the variable. */
export function resolveMode(options: WandbOptions, env: Environment): RunMode {
  const { transport = 'log' } = options;
  assertOneOf('transport', transport, ['log', 'sdk']);
  if (options.mode !== undefined) assertOneOf('mode', options.mode, MODES);
  if (options.mode === 'offline' && transport === 'sdk') {
    throw new TypeError("mode 'offline' sends nothing: leave out transport: 'sdk', or the mode");
  }
  const mode = options.mode ?? modeVariable(env) ?? (transport === 'sdk' ? 'online' : 'offline');
  return { mode, transport: mode === 'online' ? transport : 'log' };
}

function modeVariable(env: Environment): RunMode['mode'] | undefined {
  if (booleanVariable(env, 'WANDB_DISABLED')) return 'disabled';
  const value = variable(env, 'WANDB_MODE');
  if (value === undefined) return undefined;
  if (value === 'shared') {
    throw new TypeError(
      'WANDB_MODE "shared" is not supported: give each process a run of its own, with the same WANDB_RUN_GROUP',
    );
  }
  const mode = Object.hasOwn(OLD_MODES, value) ? OLD_MODES[value] : MODES.find((one) => one === value);
  if (mode !== undefined) return mode;
  throw new TypeError(`WANDB_MODE must be 'offline', 'online' or 'disabled', not ${show(value)}`);
}
