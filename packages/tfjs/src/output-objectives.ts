import type * as tf from '@tensorflow/tfjs';
import { type ByOutput, byOutput, outputNames } from './by-output.js';
import {
  type LossName,
  type Metric,
  type NamedMetric,
  resolveLossAndMetrics,
  type TargetFunction,
} from './loss-and-metrics.js';
import type { Shape } from './model-tensors.js';
import { show } from './option-checks.js';

/** The name of a loss as in `model.compile`, or a function. */
export type OutputLoss = LossName | TargetFunction;

/** What is minimized and measured, as `train` takes it. */
export interface ObjectiveOptions {
  readonly loss: ByOutput<OutputLoss>;
  readonly lossWeights?: readonly number[] | Readonly<Record<string, number>> | undefined;
  readonly metrics?: readonly Metric[] | Readonly<Record<string, Metric | readonly Metric[]>> | undefined;
}

/** What one output of a model is trained on. */
export interface OutputObjective {
  readonly output: string;
  readonly shape: Shape;
  /** The option that its loss came from, as errors name it. */
  readonly option: string;
  readonly loss: TargetFunction;
  /** Where the loss was given by name; it then has a value for each sample. */
  readonly lossName: LossName | undefined;
  readonly lossWeight: number;
  /** The shape that its targets must have; undefined where a function decides. */
  readonly targetShape: Shape | undefined;
  readonly metrics: readonly NamedMetric[];
}

/**
 * Finds what each output is trained on. Metrics of a model with several outputs are named as in Keras,
 * `<output>_<metric>`. Throws a `TypeError` or `RangeError` that names the option and the output.
 */
export function resolveObjectives(
  model: tf.LayersModel,
  { loss, lossWeights, metrics = [] }: ObjectiveOptions,
): readonly OutputObjective[] {
  const outputs = outputNames(model.outputNames);
  const several = outputs.length > 1;
  const losses = byOutput<OutputLoss>('loss', loss, outputs, (value) => !isStructure(value));
  const weights = lossWeightsOf(lossWeights, outputs);
  const measured = metricsOf(metrics, outputs);
  const objectives = outputs.map((output, at): OutputObjective => {
    const outputLoss = losses[at];
    const option = several ? `loss of '${output}'` : 'loss';
    if (outputLoss === undefined) throw new TypeError(`loss lacks '${output}': each output needs one`);
    const shape = model.outputs[at]!.shape;
    const resolved = resolveLossAndMetrics(outputLoss, measured[at]!, shape, several ? ` of '${output}'` : '');
    return {
      output,
      shape,
      option,
      loss: resolved.loss,
      lossName: typeof outputLoss === 'string' ? outputLoss : undefined,
      lossWeight: weights[at]!,
      targetShape: expectedTarget(outputLoss, shape),
      metrics: several
        ? resolved.metrics.map(({ name, compute }) => ({ name: `${output}_${name}`, compute }))
        : resolved.metrics,
    };
  });
  assertNoNameTwice(objectives);
  return objectives;
}

/** The name under which the loss of one output of several is measured. */
export function lossMetric(output: string): string {
  return `${output}_loss`;
}

/** The names of all that is measured besides the loss, in their order. */
export function metricNamesOf(objectives: readonly OutputObjective[]): string[] {
  const losses = objectives.length > 1 ? objectives.map(({ output }) => lossMetric(output)) : [];
  return [...losses, ...objectives.flatMap(({ metrics }) => metrics.map(({ name }) => name))];
}

function lossWeightsOf(lossWeights: ObjectiveOptions['lossWeights'], outputs: readonly string[]): readonly number[] {
  if (lossWeights === undefined) return outputs.map(() => 1);
  const weights = byOutput<number>('lossWeights', lossWeights, outputs, () => false).map((weight = 1) => weight);
  for (const [at, weight] of weights.entries()) {
    const option = `lossWeights of '${outputs[at]}'`;
    if (typeof weight !== 'number') throw new TypeError(`${option} must be a number, not ${show(weight)}`);
    if (!Number.isFinite(weight)) throw new RangeError(`${option} must be finite, not ${weight}`);
  }
  if (weights.every((weight) => weight === 0)) throw new RangeError('lossWeights are 0 for every output');
  return weights;
}

/** The shape that a named loss needs its targets to have; a function decides itself. */
function expectedTarget(loss: OutputLoss, outputShape: Shape): Shape | undefined {
  if (typeof loss !== 'string') return undefined;
  return loss === 'sparseCategoricalCrossentropy' ? [...outputShape.slice(0, -1), 1] : outputShape;
}

function isStructure(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** An array holds the metrics of every output, as in `model.compile`; what is neither is refused where it is read. */
function metricsOf(metrics: ObjectiveOptions['metrics'], outputs: readonly string[]): readonly (readonly Metric[])[] {
  if (!isStructure(metrics) || Array.isArray(metrics)) return outputs.map(() => metrics as readonly Metric[]);
  const named = byOutput<Metric | readonly Metric[]>('metrics', metrics as never, outputs, () => false);
  return named.map((one = []) => (typeof one === 'string' || typeof one === 'function' ? [one] : one));
}

function assertNoNameTwice(objectives: readonly OutputObjective[]): void {
  const names = metricNamesOf(objectives);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TypeError(`metrics: '${twice}' would name two values; rename an output`);
}
