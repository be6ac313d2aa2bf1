import * as tf from '@tensorflow/tfjs';
import { labelledSamples } from './batch-samples.js';
import { createElementWeights } from './element-weights.js';
import { asColumn, assertShape, assertWeightsFit, pick } from './model-tensors.js';
import { show } from './option-checks.js';
import {
  lossMetric,
  metricNamesOf,
  type ObjectiveOptions,
  type OutputObjective,
  resolveObjectives,
} from './output-objectives.js';
import { assertNoMisnamedWeights } from './sample-weights.js';
import { scalarLoss } from './scalar-loss.js';
import type { LabelledBatch } from './tensors.js';
import type { Trainable } from './trainable.js';
import { assertSameVariables } from './variable-checks.js';
import { type WeightedMean, weightedMean } from './weighted-mean.js';

/** Whether a value is a `tf.LayersModel`, of whichever copy of the library. */
export function isLayersModel(value: unknown): value is tf.LayersModel {
  const model = value as Partial<tf.LayersModel> | null | undefined;
  return (
    typeof model?.apply === 'function' && typeof model.calculateLosses === 'function' && Array.isArray(model.layers)
  );
}

/**
 * Trains a layers model as `model.fit` does: layers in training mode, the same losses, regularizers added, targets of
 * rank 1 read as a column. What has weights, of samples or classes, is averaged by them: Σ weight·value / Σ weight, where
 * `fit` divides by the number of samples. Throws a `TypeError` for a model that can't be trained so.
 */
export function layersTrainable(
  model: tf.LayersModel,
  options: ObjectiveOptions & { readonly classWeight?: unknown },
): Trainable<LabelledBatch> {
  if (!model.built) (model as tf.Sequential).build();
  const variables = variablesOf(model.trainableWeights);
  if (variables.length === 0) throw new TypeError(`model ${model.name} has no trainable weights`);
  const objectives = resolveObjectives(model, options);
  const outputs = objectives.map(({ output }) => output);
  const inputShapes = model.inputs.map((input) => input.shape);
  const weightsOf = createElementWeights(options.classWeight, objectives);
  const several = objectives.length > 1;

  return {
    variables,
    state: variablesOf(model.nonTrainableWeights),
    metricNames: metricNamesOf(objectives),
    check(owner, batch) {
      const samples = labelledSamples(owner, batch);
      assertNoMisnamedWeights(owner, batch);
      const inputs = pick(`${owner}: xs`, batch.xs, model.inputNames);
      inputs.forEach((input, index) => {
        assertShape(`${owner}: xs`, input, inputShapes[index]!);
      });
      const targets = pick(`${owner}: ys`, batch.ys, outputs);
      objectives.forEach(({ option, targetShape, lossName, shape }, at) => {
        if (targetShape !== undefined)
          assertShape(`${owner}: ys, for the ${option} ${show(lossName)},`, targets[at]!, targetShape);
        if (batch.sampleWeights !== undefined)
          assertWeightsFit(`${owner}: sampleWeights, for the ${option},`, batch.sampleWeights, shape);
      });
      return samples;
    },
    weigh(batch, training) {
      const weights = weightsOf(batch, training);
      return weights === undefined ? undefined : tf.sum(weights);
    },
    forward(batch, { training, penaltyShare = 1 }) {
      if (training)
        assertSameVariables('the trainable weights of the model', variables, variablesOf(model.trainableWeights));
      const inputs = pick('xs', batch.xs, model.inputNames).map(asColumn);
      const targets = pick('ys', batch.ys, outputs).map(asColumn);
      const weights = weightsOf(batch, training);
      const mean = weights === undefined ? undefined : weightedMean(weights);
      let predictions: readonly tf.Tensor[] = [];
      let losses: readonly tf.Tensor[] = [];
      return {
        loss() {
          const output = model.apply(inputs.length === 1 ? inputs[0]! : inputs, { training }) as
            | tf.Tensor
            | tf.Tensor[];
          predictions = (Array.isArray(output) ? output : [output as tf.Tensor]).map((one) => tf.keep(one));
          losses = objectives.map((objective, at) =>
            meanLoss(objective, objective.loss(targets[at]!, predictions[at]!), mean),
          );
          if (several) losses.map((loss) => tf.keep(loss));
          const weighted = objectives.map(({ lossWeight }, at) =>
            lossWeight === 1 ? losses[at]! : tf.mul(losses[at]!, lossWeight),
          );
          // As in `model.fit` and `model.evaluate`: penalties belong to what is minimized, not to what is validated.
          const penalties = training ? model.calculateLosses() : [];
          const counted = penaltyShare === 1 ? penalties : penalties.map((penalty) => tf.mul(penalty, penaltyShare));
          return [...weighted, ...counted].reduce((sum, part) => tf.add(sum, part));
        },
        metrics() {
          const values: Record<string, tf.Tensor> = {};
          objectives.forEach(({ output }, at) => {
            if (several) values[lossMetric(output)] = tf.clone(losses[at]!);
          });
          objectives.forEach(({ metrics }, at) => {
            for (const { name, compute } of metrics) {
              const value = compute(targets[at]!, predictions[at]!);
              values[name] = mean === undefined ? tf.mean(value) : mean.ofMetric(value);
            }
          });
          return values;
        },
        release: () => tf.dispose(several ? [...predictions, ...losses] : [...predictions]),
      };
    },
  };
}

function meanLoss({ option, lossName }: OutputObjective, value: tf.Tensor, mean: WeightedMean | undefined): tf.Tensor {
  if (mean !== undefined) return mean.of(option, value);
  return lossName !== undefined ? tf.mean(value) : scalarLoss(option, value);
}

function variablesOf(weights: readonly { read(): tf.Tensor }[]): tf.Variable[] {
  return weights.map((weight) => weight.read() as tf.Variable);
}
