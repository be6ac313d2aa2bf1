import * as tf from '@tensorflow/tfjs';
import { labelledSamples } from './batch-samples.js';
import { type LossName, type Metric, resolveLossAndMetrics, type TargetFunction } from './loss-and-metrics.js';
import { show } from './option-checks.js';
import { type LabelledBatch, showShape, type Tensors } from './tensors.js';
import type { Trainable } from './trainable.js';

type Shape = readonly (number | null)[];

/** Whether a value is a `tf.LayersModel`, of whichever copy of the library. */
export function isLayersModel(value: unknown): value is tf.LayersModel {
  const model = value as Partial<tf.LayersModel> | null | undefined;
  return (
    typeof model?.apply === 'function' && typeof model.calculateLosses === 'function' && Array.isArray(model.layers)
  );
}

/**
 * Trains a layers model as `model.fit` does: layers in training mode, the same loss, regularizers added, targets of
 * rank 1 read as a column. Throws a `TypeError` for a model that can't be trained so.
 */
export function layersTrainable(
  model: tf.LayersModel,
  lossOption: LossName | TargetFunction,
  metricsOption: readonly Metric[],
): Trainable<LabelledBatch> {
  if (!model.built) (model as tf.Sequential).build();
  if (model.outputs.length !== 1) {
    throw new TypeError(
      `model must have one output, not ${model.outputs.length} (${model.outputNames.join(', ')}): write { variables, loss } for it`,
    );
  }
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  if (variables.length === 0) throw new TypeError(`model ${model.name} has no trainable weights`);
  const outputShape = model.outputs[0]!.shape;
  const { loss, metrics } = resolveLossAndMetrics(lossOption, metricsOption, outputShape);
  const inputShapes = model.inputs.map((input) => input.shape);
  const targetShape = expectedTarget(lossOption, outputShape);

  return {
    variables,
    state: model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable),
    check(owner, batch) {
      const samples = labelledSamples(owner, batch);
      const inputs = pick(`${owner}: xs`, batch.xs, model.inputNames);
      inputs.forEach((input, index) => {
        assertShape(`${owner}: xs`, input, inputShapes[index]!);
      });
      const [target] = pick(`${owner}: ys`, batch.ys, model.outputNames);
      if (targetShape !== undefined)
        assertShape(`${owner}: ys, for the loss ${show(lossOption)},`, target!, targetShape);
      return samples;
    },
    forward(batch, training) {
      const inputs = pick('xs', batch.xs, model.inputNames).map(asColumn);
      const target = asColumn(pick('ys', batch.ys, model.outputNames)[0]!);
      let prediction: tf.Tensor | undefined;
      return {
        loss() {
          const output = model.apply(inputs.length === 1 ? inputs[0]! : inputs, { training }) as tf.Tensor;
          prediction = tf.keep(output);
          const value = loss(target, prediction);
          const mean = typeof lossOption === 'string' ? tf.mean(value) : value;
          // As in `model.fit` and `model.evaluate`: penalties belong to what is minimized, not to what is validated.
          return training
            ? model.calculateLosses().reduce<tf.Tensor>((sum, penalty) => tf.add(sum, penalty), mean)
            : mean;
        },
        metrics: () =>
          Object.fromEntries(metrics.map(({ name, compute }) => [name, tf.mean(compute(target, prediction!))])),
        release: () => prediction?.dispose(),
      };
    },
  };
}

/** The shape that a named loss needs its targets to have; a function decides itself. */
function expectedTarget(loss: LossName | TargetFunction, outputShape: Shape): Shape | undefined {
  if (typeof loss !== 'string') return undefined;
  return loss === 'sparseCategoricalCrossentropy' ? [...outputShape.slice(0, -1), 1] : outputShape;
}

/** The tensors of a batch in the model's order. */
function pick(owner: string, tensors: Tensors, names: readonly string[]): readonly tf.Tensor[] {
  if (!(tensors instanceof tf.Tensor) && !Array.isArray(tensors)) {
    const named = tensors as Readonly<Record<string, tf.Tensor>>;
    return names.map((name) => {
      const tensor = named[name];
      if (tensor === undefined) throw new TypeError(`${owner} lacks '${name}': the model takes ${names.join(', ')}`);
      return tensor;
    });
  }
  const list = tensors instanceof tf.Tensor ? [tensors] : (tensors as readonly tf.Tensor[]);
  if (list.length === names.length) return list;
  throw new TypeError(`${owner} must be ${names.length} tensors (${names.join(', ')}), not ${list.length}`);
}

function asColumn(tensor: tf.Tensor): tf.Tensor {
  return tensor.rank === 1 ? tf.expandDims(tensor, 1) : tensor;
}

function assertShape(owner: string, tensor: tf.Tensor, expected: Shape): void {
  const shape = tensor.rank === 1 ? [tensor.shape[0]!, 1] : tensor.shape;
  const fits =
    shape.length === expected.length && shape.every((size, axis) => axis === 0 || (expected[axis] ?? size) === size);
  if (fits) return;
  throw new RangeError(`${owner} must have the shape ${showShape(expected)}, not ${showShape(tensor.shape)}`);
}
