import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { accumulateGradients, train } from '../src/index.js';
import './backends.js';
import { collect, ofType, relativeError, weightsOf } from './fixtures.js';
import { fullBatchGradient } from './full-batch.js';
import { NotingOptimizer } from './noting-optimizer.js';

const TOLERANCE = 1e-5;
const SAMPLES = 24;
const WORDS = 12;

const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
const output = () => tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seeded(9) });

function convolutional(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [9, 8, 2],
        filters: 4,
        kernelSize: [3, 2],
        padding: 'same',
        activation: 'relu',
        kernelInitializer: seeded(1),
      }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: seeded(2) }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 5, kernelSize: 2, strides: 2, activation: 'tanh', kernelInitializer: seeded(3) }),
      tf.layers.flatten(),
      output(),
    ],
  });
}

function recurrent(layer: 'lstm' | 'gru'): tf.Sequential {
  const initializers = { kernelInitializer: seeded(5), recurrentInitializer: seeded(6) };
  return tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: WORDS, outputDim: 4, inputLength: 7, embeddingsInitializer: seeded(4) }),
      tf.layers[layer]({ units: 5, ...initializers }),
      output(),
    ],
  });
}

const models: Record<string, { model: () => tf.Sequential; xs: (samples: number) => tf.Tensor }> = {
  'convolutions, one of them depthwise': {
    model: convolutional,
    xs: (samples) => tf.randomNormal([samples, 9, 8, 2], 0, 1, 'float32', 7),
  },
  'an embedding and an LSTM': { model: () => recurrent('lstm'), xs: sentences },
  'an embedding and a GRU': { model: () => recurrent('gru'), xs: sentences },
};

/** Most words are the same one, as where sentences are padded. */
function sentences(samples: number): tf.Tensor {
  const words = Array.from({ length: samples * 7 }, (_, at) => (at % 3 === 0 ? (at * 5) % WORDS : 0));
  return tf.tensor2d(words, [samples, 7]);
}

function labelled(name: string): { xs: tf.Tensor; ys: tf.Tensor } {
  const labels = Array.from({ length: SAMPLES }, (_, at) => (at * 7) % 3);
  const ys = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 3).toFloat());
  return { xs: models[name]!.xs(SAMPLES), ys };
}

describe.each(Object.keys(models))('on wasm, a model of %s', (name) => {
  beforeAll(async () => {
    await tf.setBackend('wasm');
  });

  it('accumulates the gradient of the full batch, and the cpu backend agrees', async () => {
    const data = labelled(name);
    const model = models[name]!.model();
    const optimizer = new NotingOptimizer();
    await train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: { ...data, batchSize: 5, shuffle: false },
      accumulation: gradientAccumulation({ accumBatchSize: 25, microBatchSize: 5, lastWindow: 'flush' }),
    }).done;
    expect(optimizer.noted).toHaveLength(1);
    const onWasm = fullBatchGradient(model, data);
    await tf.setBackend('cpu');
    const onCpu = fullBatchGradient(model, data);
    await tf.setBackend('wasm');
    expect(relativeError(optimizer.noted[0]!, onWasm)).toBeLessThanOrEqual(TOLERANCE);
    expect(relativeError(optimizer.noted[0]!, onCpu)).toBeLessThanOrEqual(TOLERANCE);
  });

  it('learns, with the same tensors and bytes at each window and none left', async () => {
    const data = labelled(name);
    const model = models[name]!.model();
    const initial = weightsOf(model);
    const before = tf.memory().numTensors;
    const optimizer = tf.train.adam(0.02);
    const run = train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: { ...data, batchSize: 4, seed: 1 },
      epochs: 20,
      accumulation: gradientAccumulation({ accumBatchSize: 8 }),
    });
    const events = collect(run);
    const held: string[] = [];
    run.events$.subscribe(({ type }) => {
      const { numTensors, numBytes } = tf.memory();
      if (type === 'accumulated-batch') held.push(`${numTensors} tensors, ${numBytes} bytes`);
    });
    await run.done;
    // Without the first: its step makes the optimizer's state.
    expect([held.length, new Set(held.slice(1)).size]).toEqual([60, 1]);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const losses = ofType(events, 'epoch-end').map(({ train }) => train.loss!);
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    expect(relativeError(weightsOf(model), initial)).toBeGreaterThan(0.05);
  });
});

it('on wasm, model.fit of an accumulating optimizer steps with the gradient of the full batch', async () => {
  await tf.setBackend('wasm');
  const name = 'convolutions, one of them depthwise';
  const data = labelled(name);
  const model = models[name]!.model();
  const noting = new NotingOptimizer();
  const { optimizer, callback } = accumulateGradients(noting, gradientAccumulation({ accumBatchSize: SAMPLES }));
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  await model.fit(data.xs, data.ys, { batchSize: 6, shuffle: false, callbacks: callback, verbose: 0 });
  expect(noting.noted).toHaveLength(1);
  expect(relativeError(noting.noted[0]!, fullBatchGradient(model, data))).toBeLessThanOrEqual(TOLERANCE);
});
