import { inspect } from 'node:util';
import {
  assertBoolean,
  assertStepAxis,
  type MetricNames,
  metricNames,
  type NamingScheme,
  type StepAxis,
} from '@microbatch/core/logger';

/**
 * `'single'`: all tags in one run, the folder itself; `'split'`: two runs, `train` and `validation` below it, in which
 * `train/loss` and `valid/loss` both become `loss`, so that TensorBoard draws them in one chart.
 */
export type Layout = 'single' | 'split';

/** Where a run is written, and how TensorBoard shows it. */
export interface TensorBoardOptions {
  /**
   * The run's folder, created where it is missing. One run at a time: TensorBoard mixes up what two runs write to one
   * folder at once. A later run of the same folder writes a new file and takes over from its first x on.
   */
  readonly logDir: string;
  /** What x is: micro-batches (the default), accumulated batches, or samples. */
  readonly stepAxis?: StepAxis;
  readonly names?: NamingScheme;
  readonly layout?: Layout;
  /** Whether the run's config and its outcome go to the hparams table; true by default. A run without a config has no row. */
  readonly hparams?: boolean;
}

/** Options that were checked, with their defaults. */
export interface ResolvedOptions {
  readonly logDir: string;
  readonly stepAxis: StepAxis;
  readonly names: MetricNames;
  readonly layout: Layout;
  readonly hparams: boolean;
}

const OPTION_NAMES = new Set<string>(
  Object.keys({ logDir: 0, stepAxis: 0, names: 0, layout: 0, hparams: 0 } satisfies Record<
    keyof TensorBoardOptions,
    0
  >),
);

/** Throws a `TypeError` that names the option and the value. */
export function resolveOptions(options: TensorBoardOptions): ResolvedOptions {
  for (const [name, value] of Object.entries(options)) {
    if (!OPTION_NAMES.has(name))
      throw new TypeError(`tensorboard: there is no option ${name}, given ${inspect(value)}`);
  }
  const { logDir, stepAxis = 'micro', names = 'microbatch', layout = 'single', hparams = true } = options;
  if (typeof logDir !== 'string' || logDir === '') {
    throw new TypeError(`logDir must be the path of a folder, not ${inspect(logDir)}`);
  }
  assertStepAxis(stepAxis);
  if (layout !== 'single' && layout !== 'split') {
    throw new TypeError(`layout must be 'single' or 'split', not ${inspect(layout)}`);
  }
  assertBoolean('hparams', hparams);
  if (layout === 'split' && names === 'fastai') {
    throw new TypeError("layout 'split' needs names: 'microbatch': fastai calls training and validation differently");
  }
  return { logDir, stepAxis, names: metricNames(names), layout, hparams };
}
