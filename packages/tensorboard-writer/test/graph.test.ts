import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { encodeGraph } from '../src/graph.js';
import { readGraph } from './read-graph.js';

const dense = (name: string, inputShape?: number[]) =>
  tf.layers.dense({ units: 3, name, ...(inputShape === undefined ? {} : { inputShape }) });

function edges(model: tf.LayersModel): [name: string, inputs: readonly string[]][] {
  return Object.entries(readGraph(encodeGraph(model))).map(([name, { inputs }]) => [name, inputs]);
}

test('a sequential model is a chain from its input', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 1], kernelSize: 3, filters: 4, name: 'conv' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 10, name: 'out' }),
    ],
  });
  expect(readGraph(encodeGraph(model))).toEqual({
    conv_input: { op: 'InputLayer', inputs: [], shapes: [[-1, 8, 8, 1]], dtype: 1 },
    conv: { op: 'Conv2D', inputs: ['conv_input'], shapes: [[-1, 6, 6, 4]], dtype: 1 },
    flat: { op: 'Flatten', inputs: ['conv'], shapes: [[-1, 144]], dtype: undefined },
    out: { op: 'Dense', inputs: ['flat'], shapes: [[-1, 10]], dtype: undefined },
  });
});

test('a functional model with two inputs, a branch and two outputs', () => {
  const [x, y] = [tf.input({ shape: [4], name: 'x' }), tf.input({ shape: [4], name: 'y' })];
  const left = dense('left').apply(x) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: 'sum' }).apply([left, dense('right').apply(y) as tf.SymbolicTensor]);
  const outputs = [dense('head').apply(sum) as tf.SymbolicTensor, left];
  expect(edges(tf.model({ inputs: [x, y], outputs }))).toEqual([
    ['x', []],
    ['y', []],
    ['left', ['x']],
    ['right', ['y']],
    ['sum', ['left', 'right']],
    ['head', ['sum']],
  ]);
});

test('a model within a model is a scope, and its outputs are those of its layers', () => {
  const encoder = tf.sequential({ name: 'encoder', layers: [dense('a', [3]), dense('b')] });
  const model = tf.sequential({ layers: [dense('first', [5]), encoder, dense('last')] });
  expect(edges(model)).toEqual([
    ['first_input', []],
    ['first', ['first_input']],
    ['encoder/a_input', ['first']],
    ['encoder/a', ['encoder/a_input']],
    ['encoder/b', ['encoder/a']],
    ['last', ['encoder/b']],
  ]);
});

test('what two models share shows in each only what that model feeds it', () => {
  const encoder = tf.sequential({ name: 'encoder', layers: [dense('a', [3])] });
  const [x, y] = [tf.input({ shape: [3], name: 'x' }), tf.input({ shape: [3], name: 'y' })];
  const [one, two] = [encoder.apply(x), encoder.apply(y)] as tf.SymbolicTensor[];
  const both = tf.model({
    inputs: [x, y],
    outputs: tf.layers.concatenate({ name: 'join' }).apply([one!, two!]) as tf.SymbolicTensor,
  });
  const alone = tf.model({ inputs: x, outputs: one! });
  expect(edges(both)).toEqual([
    ['x', []],
    ['y', []],
    ['encoder/a_input', ['x', 'y']],
    ['encoder/a', ['encoder/a_input']],
    ['join', ['encoder/a']],
  ]);
  expect(edges(alone)).toEqual([
    ['x', []],
    ['encoder/a_input', ['x']],
    ['encoder/a', ['encoder/a_input']],
  ]);
  expect(edges(encoder)).toEqual([
    ['a_input', []],
    ['a', ['a_input']],
  ]);
});

test('models nest, and an output beyond the first is named by its number', () => {
  const x = tf.input({ shape: [4, 2], name: 'x' });
  const [sequence, state] = tf.layers
    .simpleRNN({ units: 3, returnState: true, returnSequences: true, name: 'rnn' })
    .apply(x) as tf.SymbolicTensor[];
  const inner = tf.model({ name: 'inner', inputs: x, outputs: [sequence!, state!] });
  const z = tf.input({ shape: [4, 2], name: 'z' });
  const results = inner.apply(z) as tf.SymbolicTensor[];
  const middle = tf.model({ name: 'middle', inputs: z, outputs: dense('d').apply(results[1]!) as tf.SymbolicTensor });
  const w = tf.input({ shape: [4, 2], name: 'w' });
  expect(edges(tf.model({ inputs: w, outputs: middle.apply(w) as tf.SymbolicTensor }))).toEqual([
    ['w', []],
    ['middle/z', ['w']],
    ['middle/inner/x', ['middle/z']],
    ['middle/inner/rnn', ['middle/inner/x']],
    ['middle/d', ['middle/inner/rnn:1']],
  ]);
});

test.each<[unknown, string]>([
  [undefined, 'model must be a tf.LayersModel, not undefined'],
  [{ name: 'x' }, "model must be a tf.LayersModel, not { name: 'x' }"],
  [tf.sequential(), 'model must have inputs and outputs: an empty sequential model has none'],
])('what is no model with inputs and outputs is refused (%#)', (model, message) => {
  const encode = () => encodeGraph(model as never);
  expect(encode).toThrow(TypeError);
  expect(encode).toThrow(message);
});
