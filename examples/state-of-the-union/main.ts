// Shows why a window must be weighted by tokens: a character language model on the State of the Union addresses, whose
// sentences have from 2 to thousands of characters. A micro-batch is 8 sentences; an optimizer step sees 64 of them, and each
// *character* counts the same. The table at the end compares the loss of the step with what other ways to log would have said.
import { gradientAccumulation, record } from '@microbatch/core';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { registerWasmKernels, train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../shared/backend.js';
import { exampleOptions } from '../shared/example-options.js';
import { optimizerSteps } from '../shared/optimizer-steps.js';
import { printTable } from '../shared/print-table.js';
import { makeRunFolder, nameRunFolder } from '../shared/run-folder.js';
import { type Corpus, readAddresses } from './addresses.js';
import {
  type CharacterModel,
  characterModel,
  type SentenceBatch,
  sentenceBatch,
  writeSentence,
} from './character-model.js';

const [MICRO_BATCH, WINDOW] = [8, 64];
const { backend, out, short } = exampleOptions(
  'state-of-the-union',
  'Trains a character language model whose windows are weighted by characters.',
);

await useBackend(backend);
// As train() does by itself: the gradients by hand come before it.
if (backend === 'wasm') registerWasmKernels();
const corpus = readAddresses(short ? 320 : 5120);
const model = characterModel(corpus.characters.length, 1);
const { id, name, folder } = nameRunFolder(out, 'sotu');
makeRunFolder(out, folder);
console.log(`${corpus.train.length} sentences of ${corpus.characters.length} characters; logging to ${folder}`);
printGradients(model, corpus);

const run = train<SentenceBatch>({
  model,
  optimizer: tf.train.adam(4e-3),
  data: () => batches(corpus.train),
  validation: () => batches(corpus.test),
  samples: ({ sentences }) => sentences,
  weight: ({ targets }) => targets.size,
  disposeBatches: true,
  microBatchSize: MICRO_BATCH,
  microBatchesPerEpoch: Math.ceil(corpus.train.length / MICRO_BATCH),
  epochs: 2,
  accumulation: gradientAccumulation({ accumBatchSize: WINDOW, lastWindow: 'flush' }),
  run: { id, name, project: 'microbatch-sotu' },
});
const steps = optimizerSteps(run.events$);
await record(run.events$, [tensorboard({ logDir: folder }), wandb({ dir: folder, mode: 'offline', quiet: true })]);
const { history } = await run.done;

console.log(
  '\nBits a character, of some optimizer steps: the loss of the step, and what else is logged for it elsewhere',
);
const every = Math.ceil(steps.length / 6);
printTable(
  { step: 0, characters: 0, 'train/loss': 3, 'mean of means': 3, 'last micro-batch': 3 },
  steps
    .filter((_, at) => at % every === every - 1)
    .map(({ step, loss, normalizer, microBatches }) => ({
      step,
      characters: normalizer,
      'train/loss': loss,
      'mean of means': microBatches.reduce((sum, { loss: own }) => sum + own, 0) / microBatches.length,
      'last micro-batch': microBatches.at(-1)!.loss,
    })),
);
for (const [epoch, { valid }] of history.entries()) {
  console.log(
    `epoch ${epoch + 1}: ${valid!.loss!.toFixed(3)} bits a character on ${corpus.test.length} unseen sentences`,
  );
}
console.log(`The model writes: ${writeSentence(model, corpus.characters, seededRandom())}`);
console.log(`Look at it: tensorboard --logdir ${out}`);

function* batches(sentences: readonly Uint8Array[]): Generator<SentenceBatch> {
  for (let at = 0; at < sentences.length; at += MICRO_BATCH) yield sentenceBatch(sentences.slice(at, at + MICRO_BATCH));
}

/** How far the gradient of one window is from that of its sentences as one batch, weighted and not. */
function printGradients(untrained: CharacterModel, { train: sentences }: Corpus): void {
  const window = sentences.slice(0, WINDOW);
  const gradientOf = (batch: SentenceBatch) =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(
        () => untrained.loss(batch, { training: true }) as tf.Scalar,
        [...untrained.variables],
      );
      tf.dispose([batch.contexts, batch.targets]);
      return tf.concat(Object.values(grads).map((gradient) => gradient.flatten()));
    });
  const whole = gradientOf(sentenceBatch(window));
  const parts = [...batches(window)].map((batch) => ({ weight: batch.targets.size, gradient: gradientOf(batch) }));
  const distance = (weightOf: (weight: number) => number) =>
    tf.tidy(() => {
      const total = parts.reduce((sum, { weight }) => sum + weightOf(weight), 0);
      const sum = tf.addN(parts.map(({ weight, gradient }) => tf.mul(gradient, weightOf(weight) / total)));
      return tf.div(tf.norm(tf.sub(sum, whole)), tf.norm(whole)).dataSync()[0]!;
    });
  console.log(
    '\nA window of 64 sentences in 8 micro-batches: relative distance of its gradient from that of one batch',
  );
  printTable({ 'weighted by': 0, distance: 7 }, [
    { 'weighted by': 'characters', distance: distance((weight) => weight) },
    { 'weighted by': 'micro-batch', distance: distance(() => 1) },
  ]);
  tf.dispose([whole, ...parts.map(({ gradient }) => gradient)]);
}

function seededRandom(): () => number {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
