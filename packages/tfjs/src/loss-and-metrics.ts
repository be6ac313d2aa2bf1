import * as tf from '@tensorflow/tfjs';
import { show } from './option-checks.js';

/** The losses that tfjs's layers know by name. */
export type LossName =
  | 'meanSquaredError'
  | 'meanAbsoluteError'
  | 'meanAbsolutePercentageError'
  | 'meanSquaredLogarithmicError'
  | 'squaredHinge'
  | 'hinge'
  | 'categoricalHinge'
  | 'logcosh'
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'binaryCrossentropy'
  | 'kullbackLeiblerDivergence'
  | 'poisson'
  | 'cosineProximity';

/** Targets and predictions of a batch to a tensor. */
export type TargetFunction = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor;

/** A metric by name (`'accuracy'`, any of `tf.metrics`), or a function with a name. Its value is averaged over the batch. */
export type Metric = string | TargetFunction;

export interface NamedMetric {
  readonly name: string;
  readonly compute: TargetFunction;
}

export interface LossAndMetrics {
  readonly loss: TargetFunction;
  readonly metrics: readonly NamedMetric[];
}

/**
 * Finds losses and metrics as `model.compile` finds them: a model of the same output shape that has no weights is
 * compiled and asked, so that each name means exactly what it means there (`'accuracy'` depends on the shape and the loss).
 * `ofOutput` ends the options' names in errors.
 */
export function resolveLossAndMetrics(
  loss: LossName | TargetFunction,
  metrics: readonly Metric[],
  outputShape: readonly (number | null)[],
  ofOutput = '',
): LossAndMetrics {
  const [lossOption, metricsOption] = [`loss${ofOutput}`, `metrics${ofOutput}`];
  assertLoss(lossOption, loss);
  const names = metricNames(metricsOption, metrics);
  const input = tf.input({ shape: outputShape.slice(1), name: 'predictions' });
  const outputs = tf.layers.activation({ activation: 'linear', name: 'probe' }).apply(input) as tf.SymbolicTensor;
  const probe = tf.model({ inputs: input, outputs, name: 'probe' });
  const optimizer = tf.train.sgd(1);
  try {
    refusedAs(lossOption, () => probe.compile({ optimizer, loss }));
    refusedAs(metricsOption, () => probe.compile({ optimizer, loss, metrics: metrics.map(exported) }));
    return {
      loss: probe.lossFunctions[0]!,
      metrics: names.map((name, index) => ({ name, compute: probe.metricsTensors[index]![0] })),
    };
  } finally {
    optimizer.dispose();
  }
}

function assertLoss(option: string, loss: unknown): void {
  if (typeof loss === 'string' || typeof loss === 'function') return;
  throw new TypeError(`${option} must be the name of a loss or a function (yTrue, yPred) => scalar, not ${show(loss)}`);
}

function metricNames(option: string, metrics: unknown): string[] {
  if (!Array.isArray(metrics))
    throw new TypeError(`${option} must be an array of names or functions, not ${show(metrics)}`);
  const names = metrics.map((metric, index) => {
    const name: unknown = typeof metric === 'function' ? metric.name : metric;
    if (typeof name === 'string' && name !== '' && name !== 'loss') return name;
    throw new TypeError(
      `${option}[${index}] must be a name other than 'loss', or a function with one, not ${show(metric)}`,
    );
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`${option} holds '${twice}' twice`);
  return names;
}

/** `tf.metrics` has more than `compile` knows by name (`recall`, `r2Score`). */
function exported(metric: Metric): Metric {
  if (typeof metric !== 'string') return metric;
  return (tf.metrics as unknown as Record<string, TargetFunction | undefined>)[metric] ?? metric;
}

function refusedAs(option: string, attempt: () => void): void {
  try {
    attempt();
  } catch (cause) {
    throw new TypeError(`${option}: ${(cause as Error).message}`, { cause });
  }
}
