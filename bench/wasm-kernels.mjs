// What the gradient kernels of @microbatch/tfjs cost on wasm against the same gradients on cpu, in turn, and beside the
// wasm backend's own forward kernel. `npm run build && node bench/wasm-kernels.mjs [--quick]`
import { registerWasmKernels } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { report } from './rows.mjs';
import { median, medianInterval, summarize } from './statistics.mjs';
import { startBackend } from './training.mjs';

const ROUNDS = process.argv.includes('--quick') ? 3 : 9;
const milliseconds = (seconds) => `${(seconds * 1000).toFixed(2)} ms`;

await startBackend('wasm');
registerWasmKernels();

const conv = { strides: 1, pad: 'same', dilations: 1, dataFormat: 'NHWC' };
const depthwise = { strides: 1, pad: 'same', dilations: [1, 1] };
const ids = Int32Array.from({ length: 512 }, (_, at) => (at % 3 === 0 ? 0 : (at * 7919) % 200));
const cases = [
  {
    what: 'Conv2DBackpropFilter, x 4×14×14×16, filter 3×3×16×32',
    kernel: tf.Conv2DBackpropFilter,
    inputs: { x: [4, 14, 14, 16], dy: [4, 14, 14, 32] },
    attrs: { ...conv, filterShape: [3, 3, 16, 32] },
    forward: { kernel: tf.Conv2D, inputs: { x: [4, 14, 14, 16], filter: [3, 3, 16, 32] }, attrs: conv },
    target: 23,
  },
  {
    what: 'Conv2DBackpropFilter, x 8×28×28×1, filter 5×5×1×8',
    kernel: tf.Conv2DBackpropFilter,
    inputs: { x: [8, 28, 28, 1], dy: [8, 28, 28, 8] },
    attrs: { ...conv, filterShape: [5, 5, 1, 8] },
    forward: { kernel: tf.Conv2D, inputs: { x: [8, 28, 28, 1], filter: [5, 5, 1, 8] }, attrs: conv },
    target: 23,
  },
  {
    what: 'DepthwiseConv2dNativeBackpropFilter, x 32×28×28×16, filter 3×3×16×1',
    kernel: tf.DepthwiseConv2dNativeBackpropFilter,
    inputs: { x: [32, 28, 28, 16], dy: [32, 28, 28, 16] },
    attrs: { ...depthwise, filterShape: [3, 3, 16, 1] },
    forward: {
      kernel: tf.DepthwiseConv2dNative,
      inputs: { x: [32, 28, 28, 16], filter: [3, 3, 16, 1] },
      attrs: depthwise,
    },
  },
  {
    what: 'DepthwiseConv2dNativeBackpropInput, x 32×28×28×16, filter 3×3×16×1',
    kernel: tf.DepthwiseConv2dNativeBackpropInput,
    inputs: { dy: [32, 28, 28, 16], filter: [3, 3, 16, 1] },
    attrs: { ...depthwise, inputShape: [32, 28, 28, 16] },
  },
  {
    what: 'MaxPoolGrad, x 32×28×28×16, windows 2×2',
    kernel: tf.MaxPoolGrad,
    inputs: { dy: [32, 14, 14, 16], input: [32, 28, 28, 16], output: [32, 14, 14, 16] },
    attrs: { filterSize: 2, strides: 2, pad: 'valid' },
  },
  {
    what: 'UnsortedSegmentSum, 512 rows of 32 to 200 segments',
    kernel: tf.UnsortedSegmentSum,
    inputs: { x: [512, 32], segmentIds: ids },
    attrs: { numSegments: 200 },
  },
];

/** Makes the inputs on the backend, and returns a function that runs the kernel once and gives the seconds. */
async function prepared(backend, { kernel, inputs, attrs }) {
  await tf.setBackend(backend);
  const tensors = Object.entries(inputs).map(([name, given], at) => [
    name,
    given instanceof Int32Array
      ? tf.tensor1d(given, 'int32')
      : tf.randomUniform(given, -0.5, 1.5, 'float32', at).clone(),
  ]);
  const named = Object.fromEntries(tensors);
  return async () => {
    await tf.setBackend(backend);
    const began = performance.now();
    const result = tf.engine().runKernel(kernel, named, attrs);
    result.dataSync();
    const taken = (performance.now() - began) / 1000;
    result.dispose();
    return taken;
  };
}

async function rowsOf(given) {
  const { what, forward, target } = given;
  const ways = { wasm: await prepared('wasm', given), cpu: await prepared('cpu', given) };
  if (forward !== undefined) ways.forward = await prepared('wasm', forward);
  const taken = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const way in ways) {
      const seconds = await ways[way]();
      // The first one warms up.
      if (round >= 0) taken[way].push(seconds);
    }
  }
  const ratios = taken.cpu.map((seconds, round) => seconds / taken.wasm[round]);
  const [low, high] = medianInterval(ratios).map((value) => value.toFixed(0));
  const rows = [
    {
      what: `${what}: wasm`,
      ...summarize(taken.wasm, milliseconds),
      ratio: `${median(ratios).toFixed(0)} (${low} to ${high}) times as fast as cpu`,
      ...(target === undefined ? {} : { target: `≥ ${target}`, met: median(ratios) >= target }),
    },
    { what: 'the same on cpu', ...summarize(taken.cpu, milliseconds) },
  ];
  if (forward !== undefined)
    rows.push({ what: 'its forward kernel on wasm', ...summarize(taken.forward, milliseconds) });
  return rows;
}

const rows = [];
for (const given of cases) rows.push(...(await rowsOf(given)));
report(rows);
