import * as tf from '@tensorflow/tfjs';
import type { NamedGradient } from './gradient-sum.js';
import { assertKnownOptions, assertNotNegative, assertOptional, show } from './option-checks.js';

/**
 * Decoupled weight decay, w -= learningRate · rate · w at each optimizer step, before the optimizer's own (Loshchilov &
 * Hutter 2019, arXiv:1711.05101, with the learning rate as factor, as AdamW of PyTorch and Keras have it).
 */
export type WeightDecay =
  | number
  | {
      /** Finite and at least 0; 0.01 is AdamW's usual. */
      readonly rate: number;
      /** Whether to leave a variable alone, asked once for each: biases and norms, usually. None by default. */
      readonly exclude?: (variableName: string) => boolean;
    };

/** Decays the variables that the step has a gradient for. */
export type DecayWeights = (learningRate: number, gradients: readonly NamedGradient[]) => void;

/** Checks the option. Throws a `TypeError` or `RangeError` that names it and the value. */
export function createWeightDecay(given: WeightDecay, variables: readonly tf.Variable[]): DecayWeights {
  const { rate, exclude } = optionsOf(given);
  const decays = variables.map(({ name }) => exclude === undefined || !excludes(exclude, name));
  return (learningRate, gradients) => {
    const share = learningRate * rate;
    if (share === 0) return;
    variables.forEach((variable, position) => {
      if (!decays[position] || gradients[position]!.tensor === null) return;
      // Not w · (1 - share): float32 has few digits of a small share left in a factor near 1.
      tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(variable, share))));
    });
  };
}

function optionsOf(given: WeightDecay): { rate: number; exclude?: (variableName: string) => boolean } {
  if (typeof given === 'number') {
    assertNotNegative('weightDecay', given);
    return { rate: given };
  }
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`weightDecay must be a number or { rate, exclude }, not ${show(given)}`);
  assertKnownOptions('weightDecay', given, ['rate', 'exclude']);
  assertNotNegative('weightDecay.rate', given.rate);
  assertOptional('weightDecay.exclude', given.exclude, 'function');
  return given;
}

function excludes(exclude: (variableName: string) => boolean, name: string): boolean {
  const answer: unknown = exclude(name);
  if (typeof answer === 'boolean') return answer;
  throw new TypeError(`weightDecay.exclude(${show(name)}) must be true or false, not ${show(answer)}`);
}
