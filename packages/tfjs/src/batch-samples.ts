import { show } from './option-checks.js';
import { assertSampleWeights } from './sample-weights.js';
import { firstTensor, isTensors, type LabelledBatch, listTensors, showShape } from './tensors.js';

/**
 * Checks that inputs, targets and weights have the same samples, at least one, and returns their number.
 * Throws a `TypeError` or `RangeError` that starts with `owner`.
 */
export function labelledSamples(owner: string, batch: LabelledBatch): number {
  for (const part of ['xs', 'ys'] as const) {
    if (!isTensors(batch?.[part])) {
      throw new TypeError(`${owner} must hold tensors as xs and ys; ${part} is ${show(batch?.[part])}`);
    }
  }
  const [first, ...others] = [...listTensors(batch.xs), ...listTensors(batch.ys)];
  const samples = first?.shape[0];
  if (samples === undefined)
    throw new RangeError(`${owner}: xs must have samples as its first dimension, not be a scalar`);
  if (samples === 0) throw new RangeError(`${owner} is empty: xs has the shape ${showShape(first!.shape)}`);
  for (const other of others) {
    if (other.shape[0] === samples) continue;
    throw new RangeError(
      `${owner}: xs and ys must have the same first dimension, not ${showShape(first!.shape)} and ${showShape(other.shape)}`,
    );
  }
  if (batch.sampleWeights !== undefined) assertSampleWeights(owner, batch.sampleWeights, samples);
  return samples;
}

/** The first dimension of the first tensor in a batch of any form. Throws a `TypeError` where there is none. */
export function samplesOfAnyBatch(batch: unknown): number {
  const samples = firstTensor(batch)?.shape[0];
  if (samples !== undefined && samples > 0) return samples;
  throw new TypeError(`samples of a batch are unknown (${show(batch)}): give train() the option samples(batch)`);
}
