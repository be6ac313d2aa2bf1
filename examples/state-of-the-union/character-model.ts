import type { CustomModel } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { START } from './addresses.js';

/** Characters that a prediction sees. */
const CONTEXT = 12;
const [EMBEDDING, HIDDEN] = [12, 128];

/** Whole sentences, laid end to end without padding. */
export interface SentenceBatch {
  /** [characters, CONTEXT], int32: what stands before each character of its own sentence. */
  readonly contexts: tf.Tensor2D;
  /** [characters], int32. */
  readonly targets: tf.Tensor1D;
  readonly sentences: number;
}

/** Makes a batch of sentences; the caller disposes it. */
export function sentenceBatch(sentences: readonly Uint8Array[]): SentenceBatch {
  const characters = sentences.reduce((sum, { length }) => sum + length, 0);
  const contexts = new Int32Array(characters * CONTEXT).fill(START);
  const targets = new Int32Array(characters);
  let at = 0;
  for (const sentence of sentences) {
    for (let end = 0; end < sentence.length; end++, at++) {
      targets[at] = sentence[end]!;
      const seen = Math.min(end, CONTEXT);
      contexts.set(sentence.subarray(end - seen, end), (at + 1) * CONTEXT - seen);
    }
  }
  return {
    contexts: tf.tensor2d(contexts, [characters, CONTEXT], 'int32'),
    targets: tf.tensor1d(targets, 'int32'),
    sentences: sentences.length,
  };
}

/** A language model that also says what it expects. */
export interface CharacterModel extends CustomModel<SentenceBatch> {
  /** Logits [characters, vocabulary] of what follows each context. */
  predict(contexts: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/** A neural probabilistic language model over characters (Bengio et al. 2003, JMLR 3); its loss is in bits a character. */
export function characterModel(vocabulary: number, seed: number): CharacterModel {
  const normal = (shape: [number, number], at: number) =>
    tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, Math.sqrt(1 / shape[0]), 'float32', seed + at)));
  const embedding = normal([vocabulary, EMBEDDING], 0);
  const hidden = normal([CONTEXT * EMBEDDING, HIDDEN], 1);
  const hiddenBias = tf.variable(tf.zeros([HIDDEN]));
  const output = normal([HIDDEN, vocabulary], 2);
  const outputBias = tf.variable(tf.zeros([vocabulary]));
  const variables = [embedding, hidden, hiddenBias, output, outputBias];

  function predict(contexts: tf.Tensor2D): tf.Tensor2D {
    const looked = tf.reshape(tf.gather(embedding, contexts.flatten()), [contexts.shape[0], CONTEXT * EMBEDDING]);
    const activation = tf.relu(tf.add(tf.matMul(looked, hidden as tf.Tensor2D), hiddenBias));
    return tf.add(tf.matMul(activation as tf.Tensor2D, output as tf.Tensor2D), outputBias);
  }

  return {
    variables,
    predict,
    loss({ contexts, targets }) {
      const oneHot = tf.oneHot(targets, vocabulary).toFloat();
      const logLikelihoods = tf.sum(tf.mul(oneHot, tf.logSoftmax(predict(contexts))), 1);
      return tf.mul(tf.mean(logLikelihoods), -1 / Math.LN2);
    },
    dispose: () => tf.dispose(variables),
  };
}

/** Lets the model write a sentence of at most 160 characters, drawn at temperature 0.7; `random` gives numbers from 0 to 1. */
export function writeSentence(model: CharacterModel, characters: readonly string[], random: () => number): string {
  const written: number[] = [];
  while (written.length < 160) {
    const context = Int32Array.from({ length: CONTEXT }, (_, at) => written[written.length - CONTEXT + at] ?? START);
    const probabilities = tf.tidy(() =>
      tf.softmax(tf.div(model.predict(tf.tensor2d(context, [1, CONTEXT], 'int32')), 0.7)).dataSync(),
    );
    const next = drawFrom(probabilities, random());
    written.push(next);
    if (characters[next] === '.') break;
  }
  return written.map((index) => characters[index]).join('');
}

/** The index at which the running sum of probabilities passes `share`. */
function drawFrom(probabilities: ArrayLike<number>, share: number): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index += 1) {
    sum += probabilities[index]!;
    if (sum >= share) return index;
  }
  return probabilities.length - 1;
}
