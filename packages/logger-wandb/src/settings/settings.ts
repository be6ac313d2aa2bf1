import { resolve } from 'node:path';
import {
  assertBoolean,
  assertOptions,
  assertStepAxis,
  type LoggerNotice,
  type MetricNames,
  metricNames,
  type StepAxis,
  show,
} from '@microbatch/core/logger';
import { assertMetricDefinition, type MetricDefinition } from '../run/metric-definitions.js';
import { checkedKeyOption, findKey, requireKey } from './api-key.js';
import { resolveBaseUrl } from './base-url.js';
import { checkedText, showStart } from './checks.js';
import { createDescriber, type Describe } from './describe.js';
import { booleanVariable, type Environment, variable } from './environment.js';
import { hidingSecrets, withoutSecrets } from './hiding-secrets.js';
import { type RunMode, resolveMode } from './mode.js';
import { type Observed, resolveObserved } from './observed.js';
import { OPTION_NAMES, type Resume, type WandbOptions } from './options.js';
import { resolveResume } from './resume.js';
import { resolveSweep, type Sweep } from './sweep.js';

/** The options with everything but the run filled in. */
export interface WandbSettings extends RunMode, Observed, Sweep {
  /** Absolute. */
  readonly dir: string;
  readonly stepAxis: StepAxis | undefined;
  readonly names: MetricNames;
  readonly metrics: Readonly<Record<string, MetricDefinition>>;
  /** Whether an epoch's end sets the open row's `epoch`, as fastai's callback does. */
  readonly epochAtEnd: boolean;
  readonly strict: boolean;
  /** Nothing is printed. */
  readonly quiet: boolean;
  /** Of what is printed, only notices are. */
  readonly noticesOnly: boolean;
  /** The server, without a slash at the end. */
  readonly baseUrl: string;
  /** Undefined where the run is not online. */
  readonly resume: Resume | undefined;
  readonly program: string | undefined;
  /** Whether there is a key, in whatever mode. */
  readonly hasKey: boolean;
  /** The key, which an online run has: a function, so that nothing that prints the settings prints it. */
  key(): string | undefined;
  /** Each key that is set, used or not: what no file and no message may hold. */
  secrets(): readonly string[];
  /** What there is to tell of the settings, in every run. */
  readonly notices: readonly LoggerNotice[];
  readonly describe: Describe;
  /** Does what a stop in W&B's pages is to do. */
  onStopRequest(): void;
}

/**
 * Checks the options and fills in what the environment says. Throws a `TypeError`, or a `RangeError`, that names the option
 * or variable and the value, unless that could be a secret; and for mode `'online'` a `LoggerError`: `no-key` where there
 * is no key, `bad-key` where what stands in its place is none.
 */
export function resolveSettings(options: WandbOptions, env: Environment): WandbSettings {
  return hidingSecrets(() => resolveAll(options, env));
}

function resolveAll(options: WandbOptions, env: Environment): WandbSettings {
  assertOptions('wandb', withoutSecrets(options), OPTION_NAMES);
  assertStepAxis(options.stepAxis);
  for (const name of ['quiet', 'strict'] as const) {
    if (options[name] !== undefined) assertBoolean(name, options[name]);
  }
  for (const name of ['onNotice', 'onStopRequest'] as const) {
    const listener: unknown = options[name];
    if (listener === undefined || typeof listener === 'function') continue;
    throw new TypeError(`${name} must be a function, not ${show(listener)}`);
  }
  const { metrics = {} } = options;
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) {
    throw new TypeError(`metrics must be an object of definitions by name, not ${showStart(metrics)}`);
  }
  for (const [name, definition] of Object.entries(metrics)) assertMetricDefinition(name, definition);
  const mode = resolveMode(options, env);
  const isOnline = mode.mode === 'online';
  const observed = resolveObserved(options, env);
  const { notices: sweepNotices, ...sweep } = resolveSweep(env);
  const { notices: resumeNotices, resume } = resolveResume(options, env, mode);
  const { notices: describeNotices, describe } = createDescriber(options, env, {
    ...sweep,
    saveGit: observed.saveGit && mode.mode !== 'disabled',
    saveHost: observed.saveHost,
    needsId: resume === 'must',
  });
  const apiKey = checkedKeyOption(options.apiKey);
  const { notices: urlNotices, baseUrl } = resolveBaseUrl(options.baseUrl, env);
  const search = findKey(apiKey, baseUrl, env);
  const { found } = search;
  // The SDK looks for its key itself, and says where it has none.
  const key = isOnline && mode.transport === 'log' ? requireKey(search, baseUrl, "mode 'online'") : found?.key;
  const keys = [found?.key, variable(env, 'WANDB_API_KEY')].filter((one) => one !== undefined);
  const secrets = [...new Set(keys)];
  // The program may go elsewhere while the run goes on.
  const dir = resolve(checkedText('dir', options.dir) ?? variable(env, 'WANDB_DIR') ?? './');
  const program =
    checkedText('program', options.program) ?? variable(env, 'WANDB_PROGRAM') ?? (process.argv[1] || undefined);
  return {
    ...mode,
    ...observed,
    ...sweep,
    dir,
    stepAxis: options.stepAxis,
    names: metricNames(options.names),
    metrics,
    epochAtEnd: options.names === 'fastai',
    strict: options.strict ?? false,
    quiet: options.quiet ?? booleanVariable(env, 'WANDB_SILENT') ?? false,
    noticesOnly: booleanVariable(env, 'WANDB_QUIET') ?? false,
    baseUrl,
    resume,
    program,
    hasKey: found !== undefined,
    key: () => key,
    secrets: () => secrets,
    notices: [...(isOnline ? urlNotices : []), ...sweepNotices, ...resumeNotices, ...describeNotices],
    onStopRequest: options.onStopRequest ?? (() => process.kill(process.pid, 'SIGINT')),
    describe,
  };
}
