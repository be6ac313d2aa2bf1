import { assertKnownOptions, assertNotNegative, assertOptional, show } from './option-checks.js';

/** When training ends before its last epoch; the meanings are those of Keras' `EarlyStopping`. */
export interface EarlyStoppingOptions {
  /** A value of the `epoch-end` events: `train.` or `valid.` and its name. `'valid.loss'` by default. */
  readonly monitor?: `train.${string}` | `valid.${string}`;
  /** Epochs in a row without improvement that end training: 0, the default, and 1 end it after the first, but never after epoch 1. */
  readonly patience?: number;
  /** What it has to improve by, at least, to count as improved; 0 by default. Not negative. */
  readonly minDelta?: number;
  /** Whether the value should fall or rise; `'min'` by default where it is a loss, else it must be said. */
  readonly mode?: 'min' | 'max';
  /** Whether a run that finishes, early or not, gives the model the weights of its best epoch; false by default. */
  readonly restoreBest?: boolean;
}

/** The same with nothing left out. */
export interface EarlyStoppingRule extends Required<EarlyStoppingOptions> {
  readonly from: 'train' | 'valid';
  /** The name of the value among the epoch's. */
  readonly name: string;
}

/** What a run will know of its epochs beforehand. */
export interface KnownMetrics {
  readonly validates: boolean;
  /** The names of what is measured besides the loss; undefined where the model or the validation decides. */
  readonly train: readonly string[] | undefined;
  readonly valid: readonly string[] | undefined;
}

/** Checks the option. Throws a `TypeError` or `RangeError` that names it and the value. */
export function earlyStoppingRule(options: unknown, known: KnownMetrics): EarlyStoppingRule {
  assertKnownOptions('earlyStopping', options, ['monitor', 'patience', 'minDelta', 'mode', 'restoreBest']);
  const given = options as EarlyStoppingOptions;
  const { monitor = 'valid.loss', patience = 0, minDelta = 0, restoreBest = false } = given;
  assertNotNegative('earlyStopping.patience', patience);
  if (!Number.isInteger(patience)) throw new RangeError(`earlyStopping.patience must be an integer, not ${patience}`);
  assertNotNegative('earlyStopping.minDelta', minDelta);
  assertOptional('earlyStopping.restoreBest', restoreBest, 'boolean');
  const { from, name } = monitored(monitor, known);
  const mode = given.mode ?? (name === 'loss' || name.endsWith('_loss') ? 'min' : undefined);
  if (mode === undefined) {
    throw new TypeError(`earlyStopping.mode is undefined: say 'min' or 'max', whether ${monitor} should fall or rise`);
  }
  if (mode !== 'min' && mode !== 'max') {
    throw new TypeError(`earlyStopping.mode must be 'min' or 'max', not ${show(mode)}`);
  }
  return { monitor, patience, minDelta, mode, restoreBest, from, name };
}

function monitored(monitor: unknown, known: KnownMetrics): Pick<EarlyStoppingRule, 'from' | 'name'> {
  const [, from, name] = typeof monitor === 'string' ? (/^(train|valid)\.(.+)$/.exec(monitor) ?? []) : [];
  if ((from !== 'train' && from !== 'valid') || name === undefined) {
    throw new TypeError(
      `earlyStopping.monitor must be 'train.' or 'valid.' and the name of a value, as 'valid.loss', not ${show(monitor)}`,
    );
  }
  if (from === 'valid' && !known.validates) {
    throw new TypeError(`earlyStopping.monitor is '${monitor}', but there is no validation`);
  }
  const names = known[from];
  if (names !== undefined && name !== 'loss' && !names.includes(name)) {
    throw new TypeError(`earlyStopping.monitor is '${monitor}', but an epoch has ${['loss', ...names].join(', ')}`);
  }
  return { from, name };
}
