import { show } from '../logger/option-checks.js';
import type { Metrics } from '../logger/train-event.js';

const NO_METRICS: Metrics = Object.freeze({});

/** What one forward/backward pass gave. */
export interface MicroBatchResult {
  readonly type?: 'micro-batch';
  /** The mean over what `weight` counts. May be NaN or ±Infinity. */
  readonly loss: number;
  /** A positive integer. */
  readonly samples: number;
  /** What it counts for in its window; its samples by default. Not negative. */
  readonly weight?: number;
  /**
   * Its gradient was left out because it or the loss is not finite: it fills its window with its samples, weighs nothing there,
   * and is no part of any mean. Not with normalize `'target'`.
   */
  readonly skipped?: boolean;
  /** Means, as `loss`. */
  readonly metrics?: Metrics;
  readonly learningRate?: number;
  /** Whether this is its epoch's last micro-batch; where it is absent, the plan's count says so. */
  readonly lastOfEpoch?: boolean;
}

/** Refuses what would make sums meaningless later, with a `TypeError` or `RangeError` that names it. */
export function assertMicroBatch(result: MicroBatchResult): void {
  if (typeof result !== 'object' || result === null)
    throw new TypeError(`a micro-batch must be an object, not ${show(result)}`);
  const { loss, samples, weight, learningRate, skipped } = result;
  if (typeof loss !== 'number') throw new TypeError(`loss must be a number, not ${show(loss)}`);
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new RangeError(`samples must be a positive integer, not ${show(samples)}`);
  }
  if (weight !== undefined && !(Number.isFinite(weight) && weight >= 0)) {
    throw new RangeError(`weight must be a number that is not negative, not ${show(weight)}`);
  }
  if (skipped !== undefined && typeof skipped !== 'boolean') {
    throw new TypeError(`skipped must be a boolean, not ${show(skipped)}`);
  }
  if (learningRate !== undefined && typeof learningRate !== 'number') {
    throw new TypeError(`learningRate must be a number, not ${show(learningRate)}`);
  }
}

/** The micro-batch's metrics, as `frozenMetrics` gives them; also refuses one named `loss`. */
export function metricsOf(result: MicroBatchResult): Metrics {
  const metrics = frozenMetrics('metrics', result.metrics);
  if ('loss' in metrics) throw new TypeError(`metrics.loss (${metrics.loss}) would hide the loss: name it otherwise`);
  return metrics;
}

/** A frozen copy of metrics. Refuses what is not a number by name, with a `TypeError`. */
export function frozenMetrics(option: string, metrics: Metrics | undefined): Metrics {
  if (metrics === undefined) return NO_METRICS;
  if (typeof metrics !== 'object' || metrics === null)
    throw new TypeError(`${option} must be an object, not ${show(metrics)}`);
  // No spread: V8 takes four times as long to freeze the copy that it makes.
  const copied: Record<string, number> = Object.assign({}, metrics);
  for (const name in copied) {
    if (typeof copied[name] !== 'number') {
      throw new TypeError(`${option}.${name} must be a number, not ${show(copied[name])}`);
    }
  }
  return Object.freeze(copied);
}
