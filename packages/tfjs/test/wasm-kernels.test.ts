import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerWasmKernels } from '../src/index.js';
import './backends.js';
import { depthwiseGradients } from './depthwise-by-definition.js';
import { relativeError } from './fixtures.js';
import { type Convolution, convolutions, type Given, runOn, values } from './wasm-kernels-support.js';

const TOLERANCE = 1e-5;
const added = [
  tf.Conv2DBackpropFilter,
  tf.DepthwiseConv2dNativeBackpropFilter,
  tf.DepthwiseConv2dNativeBackpropInput,
  tf.UnsortedSegmentSum,
  // Its own are wrong.
  tf.MaxPoolGrad,
  tf.ClipByValue,
];

const given = (shape: readonly number[], seed: number): Given => ({ values: values(shape, seed), shape });

/** Runs the kernel on wasm and checks that nothing of it stays there. */
async function onWasm(kernel: string, inputs: Readonly<Record<string, Given>>, attrs: object) {
  const { left, ...result } = await runOn('wasm', kernel, inputs, attrs);
  expect(left).toEqual([0, 0, 0]);
  return result;
}

async function expectAsOnCpu(kernel: string, inputs: Readonly<Record<string, Given>>, attrs: object): Promise<void> {
  const wasm = await onWasm(kernel, inputs, attrs);
  const { left: _, ...cpu } = await runOn('cpu', kernel, inputs, attrs);
  expect(wasm.shape).toEqual(cpu.shape);
  expectClose(wasm.values, cpu.values);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  if (expected.every((value) => value === 0)) expect(actual.every((value) => value === 0)).toBe(true);
  else expect(relativeError(actual, expected)).toBeLessThanOrEqual(TOLERANCE);
}

function conv2DFilterAttrs({ strides, pad, dimRoundingMode, filterShape }: Convolution) {
  return { strides, pad, dimRoundingMode, filterShape, dataFormat: 'NHWC' };
}

describe('the wasm backend', () => {
  it('must be the current one to get kernels', async () => {
    await tf.setBackend('cpu');
    expect(registerWasmKernels).toThrow("the current backend is cpu, not wasm: await tf.setBackend('wasm') first");
  });

  it('gets the kernels that it lacks once, and keeps those that it has', async () => {
    await tf.setBackend('wasm');
    const own = tf.getKernel(tf.Conv2D, 'wasm');
    expect(registerWasmKernels()).toEqual(added);
    const registered = added.map((kernel) => tf.getKernel(kernel, 'wasm'));
    expect(registerWasmKernels()).toEqual([]);
    expect(added.map((kernel) => tf.getKernel(kernel, 'wasm'))).toEqual(registered);
    expect(tf.getKernel(tf.Conv2D, 'wasm')).toBe(own);
  });
});

describe('on wasm', () => {
  beforeAll(async () => {
    await tf.setBackend('wasm');
    registerWasmKernels();
  });

  it("a convolution's filter gets the gradient that the cpu backend gives it", async () => {
    const property = fc.asyncProperty(convolutions({ depthwise: false, dilated: false }), async (convolution) => {
      const { xShape, outShape, seed } = convolution;
      const inputs = { x: given(xShape, seed), dy: given(outShape, seed + 1) };
      await expectAsOnCpu(tf.Conv2DBackpropFilter, inputs, conv2DFilterAttrs(convolution));
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it("a depthwise convolution's input and filter get the gradients that the cpu backend gives them", async () => {
    const property = fc.asyncProperty(convolutions({ depthwise: true, dilated: false }), async (convolution) => {
      const { xShape: inputShape, filterShape, outShape, seed, ...attrs } = convolution;
      const [x, filter, dy] = [given(inputShape, seed), given(filterShape, seed + 1), given(outShape, seed + 2)];
      await expectAsOnCpu(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { ...attrs, filterShape });
      await expectAsOnCpu(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, { ...attrs, inputShape });
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it("a depthwise convolution's gradients are those of its definition, dilated or not", async () => {
    const property = fc.asyncProperty(convolutions({ depthwise: true, dilated: true }), async (convolution) => {
      const { xShape: inputShape, filterShape, outShape, seed, ...attrs } = convolution;
      const [x, filter, dy] = [given(inputShape, seed), given(filterShape, seed + 1), given(outShape, seed + 2)];
      const ofFilter = await onWasm(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { ...attrs, filterShape });
      const ofInput = await onWasm(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, { ...attrs, inputShape });
      const expected = depthwiseGradients(convolution, { x: x.values, filter: filter.values, dy: dy.values });
      expectClose(ofFilter.values, expected.ofFilter);
      expectClose(ofInput.values, expected.ofInput);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('max pooling gives its input the gradient that the cpu backend gives it, also of equal and of negative values', async () => {
    const property = fc.asyncProperty(convolutions({ depthwise: false, dilated: false }), async (convolution) => {
      const { xShape, filterShape, outShape, strides, pad, dimRoundingMode, seed } = convolution;
      const shape = [...outShape.slice(0, 3), xShape[3]];
      const input = { values: values(xShape, seed).map((value) => Math.round(4 * value - 4)), shape: xShape };
      const inputs = { dy: given(shape, seed + 1), input, output: given(shape, seed) };
      const attrs = { filterSize: filterShape.slice(0, 2), strides, pad, dimRoundingMode };
      await expectAsOnCpu(tf.MaxPoolGrad, inputs, attrs);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('rows are summed by segment as on cpu, whatever ids repeat, are missing or out of range', async () => {
    const segments = fc.record({
      ids: fc.array(fc.integer({ min: -2, max: 9 }), { minLength: 1, maxLength: 40 }),
      inner: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
      numSegments: fc.integer({ min: 1, max: 8 }),
      seed: fc.nat(1000),
    });
    const property = fc.asyncProperty(segments, async ({ ids, inner, numSegments, seed }) => {
      const segmentIds = { values: Int32Array.from(ids), shape: [ids.length] };
      const inputs = { x: given([ids.length, ...inner], seed), segmentIds };
      await expectAsOnCpu(tf.UnsortedSegmentSum, inputs, { numSegments });
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it('integers are summed by segment exactly, beyond what float32 holds', async () => {
    const x = { values: Int32Array.from([2 ** 25, 1, 7]), shape: [3] };
    const segmentIds = { values: Int32Array.from([1, 1, 0]), shape: [3] };
    const { values, dtype } = await onWasm(tf.UnsortedSegmentSum, { x, segmentIds }, { numSegments: 3 });
    expect([values, dtype]).toEqual([[7, 2 ** 25 + 1, 0], 'int32']);
  });

  it("a filter's gradient is a sum over half a million pixels as exact as the cpu backend's", async () => {
    const positive = (seed: number): Given => {
      const { values, shape } = given([31, 128, 131, 1], seed);
      return { values: values.map(Math.abs), shape };
    };
    const attrs = { strides: 1, pad: 'valid', dataFormat: 'NHWC', filterShape: [1, 1, 1, 1] };
    await expectAsOnCpu(tf.Conv2DBackpropFilter, { x: positive(1), dy: positive(2) }, attrs);
  });

  it('a gradient with channels first is refused, as its convolution is', async () => {
    const inputs = { x: given([1, 2, 4, 4], 1), dy: given([1, 2, 4, 4], 2) };
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [3, 3, 2, 2] };
    await expect(runOn('wasm', tf.Conv2DBackpropFilter, inputs, attrs)).rejects.toThrow(
      'Conv2DBackpropFilter on the wasm backend does not support the data format NCHW',
    );
  });

  it('values are limited as on cpu, and those that are not numbers stay so', async () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 0.5, 7, Number.NaN];
    const attrs = { clipValueMin: -1, clipValueMax: 0.75 };
    for (const shape of [[8], [2, 4], [2, 1, 2, 2]]) {
      const x = { values: Float32Array.from(odd), shape };
      expect((await onWasm(tf.ClipByValue, { x }, attrs)).values).toEqual([
        Number.NaN,
        0.75,
        -1,
        0,
        -0,
        0.5,
        0.75,
        Number.NaN,
      ]);
      await expectAsOnCpu(tf.ClipByValue, { x: given(shape, 4) }, attrs);
    }
    await tf.setBackend('wasm');
    const integers = tf.clipByValue(tf.tensor1d([-3, 0, 9], 'int32'), -1, 4);
    expect([integers.dtype, ...integers.dataSync()]).toEqual(['int32', -1, 0, 4]);
    integers.dispose();
  });

  it('values that are not finite stay so in the gradients', async () => {
    const poisoned = (shape: number[]): Given => {
      const { values } = given(shape, 3);
      values[Math.floor(values.length / 2)] = Number.NaN;
      return { values, shape };
    };
    const attrs = { strides: 1, pad: 'same', dilations: 1, dataFormat: 'NHWC' };
    const clean = given([2, 5, 5, 3], 1);
    const filter = given([3, 3, 3, 1], 2);
    const dirty = poisoned([2, 5, 5, 3]);
    for (const { kernel, inputs, more } of [
      { kernel: tf.Conv2DBackpropFilter, inputs: { x: dirty, dy: clean }, more: { filterShape: [3, 3, 3, 3] } },
      { kernel: tf.Conv2DBackpropFilter, inputs: { x: clean, dy: dirty }, more: { filterShape: [3, 3, 3, 3] } },
      {
        kernel: tf.DepthwiseConv2dNativeBackpropFilter,
        inputs: { x: clean, dy: dirty },
        more: { filterShape: [3, 3, 3, 1] },
      },
      {
        kernel: tf.DepthwiseConv2dNativeBackpropInput,
        inputs: { dy: dirty, filter },
        more: { inputShape: [2, 5, 5, 3] },
      },
      {
        kernel: tf.UnsortedSegmentSum,
        inputs: { x: poisoned([3, 2]), segmentIds: { values: Int32Array.from([0, 0, 0]), shape: [3] } },
        more: { numSegments: 1 },
      },
    ]) {
      const { values } = await onWasm(kernel, inputs, { ...attrs, ...more });
      expect(values.some(Number.isNaN), kernel).toBe(true);
    }
  });

  it("the backend's memory stays as large as it is, however often gradients of many shapes are computed", async () => {
    const shapes = Array.from({ length: 40 }, (_, at) => [1 + (at % 3), 8 + (at % 7), 8 + (at % 5), 1 + (at % 4)]);
    const backend = () => tf.backend() as tf.KernelBackend & { wasm: { HEAPU8: Uint8Array } };
    const memory = () => [backend().wasm.HEAPU8.byteLength, backend().numDataIds()];
    await tf.setBackend('wasm');
    const round = () =>
      tf.tidy(() => {
        for (const shape of shapes as [number, number, number, number][]) {
          const x = tf.ones(shape) as tf.Tensor4D;
          const filter = tf.ones([3, 3, shape[3], 2]) as tf.Tensor4D;
          const table = tf.ones([20, 3]);
          const ids = tf.tensor1d([1, 1, 19], 'int32');
          tf.grads((x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 'same'))([x, filter]);
          tf.grads((x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid'))([x, filter]);
          tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'))(x);
          tf.grad((table) => tf.gather(table, ids))(table);
        }
      });
    for (let at = 0; at < 5; at++) round();
    const before = memory();
    for (let at = 0; at < 100; at++) round();
    expect(memory()).toEqual(before);
  });
});
