import * as tf from '@tensorflow/tfjs';
import { clipByValue, isClipByValueRight } from './clip-by-value.js';
import { conv2DBackpropFilter } from './conv2d-backprop-filter.js';
import { depthwiseConv2dNativeBackpropFilter } from './depthwise-conv2d-backprop-filter.js';
import { depthwiseConv2dNativeBackpropInput } from './depthwise-conv2d-backprop-input.js';
import { isMaxPoolGradRight, maxPoolGrad } from './max-pool-grad.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

const kernels: Readonly<Record<string, tf.KernelFunc>> = {
  [tf.Conv2DBackpropFilter]: conv2DBackpropFilter,
  [tf.DepthwiseConv2dNativeBackpropFilter]: depthwiseConv2dNativeBackpropFilter,
  [tf.DepthwiseConv2dNativeBackpropInput]: depthwiseConv2dNativeBackpropInput,
  [tf.UnsortedSegmentSum]: unsortedSegmentSum,
  [tf.MaxPoolGrad]: maxPoolGrad,
  [tf.ClipByValue]: clipByValue,
};

/** Kernels that the backend has, and whether its own is right. */
const replaced: readonly (readonly [string, () => boolean])[] = [
  [tf.MaxPoolGrad, isMaxPoolGradRight],
  [tf.ClipByValue, isClipByValueRight],
];

/**
 * Gives the wasm backend the kernels that it lacks for the gradients of convolutions, depthwise convolutions, `tf.gather`
 * and embeddings, and replaces its gradient of max pooling and its clipping where they are found wrong; its other kernels are left alone.
 * Returns the names of the kernels that were registered: none at a second call. `train()` and what `accumulateGradients()`
 * makes do this by themselves where wasm is the current backend. Throws an `Error` where it is not: `await tf.setBackend('wasm')` first.
 */
export function registerWasmKernels(): readonly string[] {
  if (tf.getBackend() !== 'wasm') {
    throw new Error(`the current backend is ${tf.getBackend()}, not wasm: await tf.setBackend('wasm') first`);
  }
  const wanted = Object.keys(kernels).filter((kernelName) => tf.getKernel(kernelName, 'wasm') === undefined);
  for (const [kernelName, isRight] of replaced) {
    if (wanted.includes(kernelName) || isRight()) continue;
    tf.unregisterKernel(kernelName, 'wasm');
    wanted.push(kernelName);
  }
  for (const kernelName of wanted) {
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: kernels[kernelName]! });
  }
  return wanted;
}

/** Before gradients are computed: the backend is complete, whichever it is. */
export function completeBackend(): void {
  if (tf.getBackend() === 'wasm') registerWasmKernels();
}
