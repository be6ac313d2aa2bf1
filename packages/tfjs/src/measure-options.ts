import { assertKnownOptions, assertOptional, show } from './option-checks.js';

/** How the gradient noise scale is estimated. */
export interface NoiseScaleOptions {
  /** What each optimizer step leaves of the averages before it: at least 0, less than 1; 0.99 by default. */
  readonly decay?: number;
}

/** How times are measured. */
export interface TimesOptions {
  /** The time in ms, on a clock that never goes back; `performance.now` by default. */
  readonly now?: () => number;
}

/** What is measured of each optimizer step, and told in its `accumulated-batch` event; nothing by default. */
export interface MeasureOptions {
  /** `gradNorm`: the L2 norm of the accumulated gradient over all variables, before it is clipped. */
  readonly gradNorm?: boolean;
  /**
   * `gradientNoiseScale`: the accumulated batch, in samples, in which noise and signal of the gradient are equally strong
   * (B_simple of McCandlish et al. 2018, arXiv:1812.06162, sec. 2.2 and app. A.1). From windows of two micro-batches or more; a
   * step without a usable estimate has none.
   */
  readonly noiseScale?: boolean | NoiseScaleOptions;
  /**
   * `normTestRatio`: the standard error of the accumulated gradient, relative to its norm, from this window alone (Byrd et al.
   * 2012, doi:10.1007/s10107-012-0572-5, sec. 3).
   */
  readonly normTest?: boolean;
  /** `samplesPerSecond`, and `forwardBackwardMs`, `accumulateMs`, `applyMs` and `logMs`, which are ms a step. */
  readonly times?: boolean | TimesOptions;
}

/** Checks the option. Throws a `TypeError` or `RangeError` that names it and the value. */
export function assertMeasureOptions(options: unknown): asserts options is MeasureOptions {
  assertKnownOptions('measure', options, ['gradNorm', 'noiseScale', 'normTest', 'times']);
  const { gradNorm, noiseScale, normTest, times } = options as MeasureOptions;
  assertOptional('measure.gradNorm', gradNorm, 'boolean');
  assertOptional('measure.normTest', normTest, 'boolean');
  if (isOptions('measure.noiseScale', noiseScale)) {
    assertKnownOptions('measure.noiseScale', noiseScale, ['decay']);
    assertDecay(noiseScale.decay);
  }
  if (isOptions('measure.times', times)) {
    assertKnownOptions('measure.times', times, ['now']);
    assertOptional('measure.times.now', times.now, 'function');
  }
}

/** Whether an option that may be absent or a boolean holds options of its own. */
function isOptions<T extends object>(option: string, value: boolean | T | undefined): value is T {
  if (value === undefined || typeof value === 'boolean') return false;
  if (typeof value === 'object' && value !== null) return true;
  throw new TypeError(`${option} must be a boolean or an object of options, not ${show(value)}`);
}

function assertDecay(decay: unknown): void {
  if (decay === undefined) return;
  const allowed = 'measure.noiseScale.decay must be a number from 0 up to, not including, 1';
  if (typeof decay !== 'number') throw new TypeError(`${allowed}, not ${show(decay)}`);
  if (!(decay >= 0 && decay < 1)) throw new RangeError(`${allowed}, not ${decay}`);
}
