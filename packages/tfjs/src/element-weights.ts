import * as tf from '@tensorflow/tfjs';
import { createClassWeights } from './class-weights.js';
import { asColumn, pick } from './model-tensors.js';
import type { OutputObjective } from './output-objectives.js';
import type { LabelledBatch } from './tensors.js';

/** A weight for each sample of a batch, or for each of its timesteps; undefined where all count the same. */
export type ElementWeights = (batch: LabelledBatch, training: boolean) => tf.Tensor | undefined;

/**
 * Sample weights times, in training, those of the targets' classes. Throws a `TypeError` for class weights of a model with
 * several outputs, which Keras refuses too: a window is divided by one weight, and each output would need its own.
 */
export function createElementWeights(classWeight: unknown, objectives: readonly OutputObjective[]): ElementWeights {
  const [first, ...others] = objectives.map(({ output }) => output);
  if (classWeight !== undefined && others.length > 0) {
    throw new TypeError(
      `classWeight is for a model with one output, not for ${first}, ${others.join(', ')}: give their samples sampleWeights`,
    );
  }
  const classWeights = classWeight === undefined ? undefined : createClassWeights(classWeight, objectives[0]!.shape);
  return ({ ys, sampleWeights }, training) => {
    const given = sampleWeights === undefined ? undefined : tf.cast(sampleWeights, 'float32');
    if (classWeights === undefined || !training) return given;
    const ofClasses = classWeights(asColumn(pick('ys', ys, [first!])[0]!));
    if (given === undefined) return ofClasses;
    const innerAxes = ofClasses.shape.slice(given.rank).map(() => 1);
    return tf.mul(tf.reshape(given, [...given.shape, ...innerAxes]), ofClasses);
  };
}
