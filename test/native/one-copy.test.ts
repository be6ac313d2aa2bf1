import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { loadTfjsNode } from '../../examples/shared/tfjs-node.js';
import { root } from '../../scripts/bootstrap/root.mjs';

it("TensorFlow's C library computes for the one copy of TensorFlow.js that everyone imports", async () => {
  loadTfjsNode();
  await tf.setBackend('tensorflow');
  expect([tf.getBackend(), tf.backend().constructor.name]).toEqual(['tensorflow', 'NodeJSKernelBackend']);

  const built = createRequire(join(root, '.cache/tfjs-node/package.json'));
  const tfjsNode = built('@tensorflow/tfjs-node') as typeof tf & { node: object };
  expect(tfjsNode.node).toBeTypeOf('object');
  const classes = ({ Tensor, Variable, Optimizer, LayersModel }: typeof tf) => [
    Tensor,
    Variable,
    Optimizer,
    LayersModel,
  ];
  expect(classes(tfjsNode).map((theirs, at) => theirs === classes(tf)[at])).toEqual([true, true, true, true]);
  expect(tfjsNode.engine()).toBe(tf.engine());
  const cores = Object.keys(built.cache).filter((path) => /tfjs-core\/dist\/tf-core/.test(path));
  expect(cores).toEqual([join(root, 'node_modules/@tensorflow/tfjs-core/dist/tf-core.node.js')]);
});
