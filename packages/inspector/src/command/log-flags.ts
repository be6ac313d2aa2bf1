import { readFileSync } from 'node:fs';
import {
  type AccumulationPolicy,
  type Annealer,
  type CommonPolicyOptions,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type Logger,
  type RunOptions,
  type ScheduleBound,
  schedCos,
  schedExp,
  schedLin,
  schedNo,
  schedPoly,
  type TrainingPlan,
} from '@microbatch/core';
import type { LastWindow, NamingScheme, Normalize, StepAxis } from '@microbatch/core/logger';
import { journal } from '@microbatch/logger-journal';
import { type Layout, tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { InvalidArgumentError } from 'commander';
import type { CommonOptions } from './command-context.js';
import { CommandError } from './exit-codes.js';
import { checkingOptions } from './usage.js';

/** The options of `microbatch log`. */
export interface LogFlags extends CommonOptions {
  readonly accumBatchSize?: number;
  readonly startAccumBatchSize?: number;
  readonly finalAccumBatchSize?: number;
  readonly start?: ScheduleBound;
  readonly finish?: ScheduleBound;
  readonly schedule?: Annealer;
  readonly lastWindow?: LastWindow;
  readonly normalize?: Normalize;
  readonly logAccumBatch?: boolean;
  readonly microBatchSize?: number;
  readonly microBatchesPerEpoch?: number;
  readonly epochs?: number;
  readonly tensorboard?: string;
  readonly journal?: string;
  readonly wandb?: boolean;
  readonly wandbDir?: string;
  readonly wandbMode?: 'offline' | 'online';
  readonly project?: string;
  readonly entity?: string;
  readonly id?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly stepAxis?: StepAxis;
  readonly names?: NamingScheme;
  readonly layout?: Layout;
}

/** When a window closes. Throws a `CommandError`. */
export function policyOf(flags: LogFlags): AccumulationPolicy {
  const { accumBatchSize, startAccumBatchSize, finalAccumBatchSize, start, finish, schedule } = flags;
  const { lastWindow, normalize, logAccumBatch } = flags;
  const common: CommonPolicyOptions = given({ lastWindow, normalize, logAccumBatch });
  const ofSchedule = given({ startAccumBatchSize, finalAccumBatchSize, start, finish, schedule });
  return checkingOptions(() => {
    if (Object.keys(ofSchedule).length === 0) {
      if (accumBatchSize !== undefined) return gradientAccumulation({ accumBatchSize, ...common });
      throw new CommandError(
        'say how many samples make an optimizer step: --accum-batch-size, or --start-accum-batch-size and --final-accum-batch-size',
      );
    }
    if (accumBatchSize !== undefined) {
      throw new CommandError(
        '--accum-batch-size is for windows of one size: leave it out, or the options of a schedule',
      );
    }
    if (startAccumBatchSize === undefined || finalAccumBatchSize === undefined) {
      throw new CommandError('a schedule needs both --start-accum-batch-size and --final-accum-batch-size');
    }
    return gradientAccumulationSchedule({ ...ofSchedule, startAccumBatchSize, finalAccumBatchSize, ...common });
  });
}

export function planOf({ microBatchSize, microBatchesPerEpoch, epochs }: LogFlags): TrainingPlan {
  return given({ microBatchSize, microBatchesPerEpoch, epochs });
}

export function runOf({ id, name, project, config, tag }: LogFlags): RunOptions {
  return given({ id, name, project, config, tags: tag });
}

/** Throws a `CommandError` where there is none, or its options are wrong. */
export function loggersOf(flags: LogFlags): { readonly logger: Logger; readonly where: () => string }[] {
  const { stepAxis, names, layout, journal: journalDir, tensorboard: logDir, json } = flags;
  const shared = given({ stepAxis, names });
  const loggers: { logger: Logger; where: () => string }[] = [];
  checkingOptions(() => {
    if (journalDir !== undefined) {
      const logger = journal({ dir: journalDir });
      loggers.push({ logger, where: () => logger.path ?? journalDir });
    }
    if (logDir !== undefined) {
      loggers.push({ logger: tensorboard({ logDir, ...shared, ...given({ layout }) }), where: () => logDir });
    }
    if (flags.wandb) {
      const { wandbDir: dir, wandbMode: mode, project, entity, id } = flags;
      const logger = wandb({ ...given({ dir, mode, project, entity, id }), ...shared, quiet: json === true });
      loggers.push({ logger, where: () => `${dir ?? process.env.WANDB_DIR ?? '.'}/wandb` });
    }
  });
  if (loggers.length > 0) return loggers;
  throw new CommandError('say where to log: --journal DIR, --tensorboard DIR, --wandb, or several of them');
}

/** `cos`, `lin`, `exp`, `no`, or `poly:` and a power. */
export function annealer(text: string): Annealer {
  const [, power] = /^poly:(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (power !== undefined) return schedPoly(Number(power));
  const known: Readonly<Record<string, Annealer>> = { cos: schedCos, lin: schedLin, exp: schedExp, no: schedNo };
  const found = Object.hasOwn(known, text) ? known[text] : undefined;
  if (found !== undefined) return found;
  throw new InvalidArgumentError('It must be cos, lin, exp, no or poly:POWER.');
}

/** A fraction, a percentage, `epoch:N` or `micro-step:N`. */
export function scheduleBound(text: string): ScheduleBound {
  const [, unit, value] = /^(epoch|micro-step):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (unit !== undefined) return unit === 'epoch' ? { epoch: Number(value) } : { microStep: Number(value) };
  if (/^\d+(?:\.\d+)?%$/.test(text)) return text as `${number}%`;
  if (/^\d*\.?\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a fraction (0.3), a percentage (30%), epoch:N or micro-step:N.');
}

/** A JSON object, or the path of a file that holds one. */
export function configObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const json = text.trimStart().startsWith('{') ? text : readFileSync(text, 'utf8');
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidArgumentError(code === 'ENOENT' ? NO_CONFIG : message);
  }
  throw new InvalidArgumentError(NO_CONFIG);
}

const NO_CONFIG = 'It must be a JSON object, or the path of a file that holds one.';

/** Repeated options collect their values. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** What was given, without what was not. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
