import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';

type Shape = [number, number, number, number];
type Pair = [number, number];
type Padding = 'same' | 'valid' | number | [Pair, Pair, Pair, Pair];

/** A convolution of any kind that has an output; `filterShape[3]` is the multiplier where it is a depthwise one. */
export interface Convolution {
  readonly xShape: Shape;
  readonly filterShape: Shape;
  readonly outShape: Shape;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pad: Padding;
  readonly dimRoundingMode: 'floor' | 'round' | 'ceil' | undefined;
  readonly seed: number;
}

const upTo = (max: number) => fc.integer({ min: 1, max });
const pair = (max: number) => fc.tuple(upTo(max), upTo(max));
const margin = fc.tuple(fc.nat(3), fc.nat(3));
const none: Pair = [0, 0];
const symmetric = fc.record({ pad: fc.nat(3), dimRoundingMode: fc.constantFrom('floor', 'round', 'ceil', undefined) });
const other = fc.record({
  pad: fc.oneof(
    fc.constantFrom('same', 'valid'),
    fc.tuple(fc.constant(none), margin, margin, fc.constant(none)),
  ) as fc.Arbitrary<Padding>,
  dimRoundingMode: fc.constant(undefined),
});
const oneOrOther = fc.oneof(
  fc.record({ strides: pair(3), dilations: fc.constant<Pair>([1, 1]) }),
  fc.record({ strides: fc.constant<Pair>([1, 1]), dilations: pair(3) }),
);

/** Convolutions of small images: odd sizes, filters larger than the image, strides larger than the filter. */
export function convolutions({
  depthwise,
  dilated,
}: {
  depthwise: boolean;
  dilated: boolean;
}): fc.Arbitrary<Convolution> {
  return fc
    .record({
      sides: pair(9),
      filter: pair(4),
      batch: upTo(4),
      channels: pair(5),
      steps: dilated ? oneOrOther : fc.record({ strides: pair(3), dilations: fc.constant<Pair>([1, 1]) }),
      padding: fc.oneof(symmetric, other),
      seed: fc.nat(1000),
    })
    .map(({ sides, filter, batch, channels: [inChannels, last], steps, padding, seed }) => {
      const xShape: Shape = [batch, ...sides, inChannels];
      const filterShape: Shape = [...filter, inChannels, last];
      const { strides, dilations } = steps;
      const { pad, dimRoundingMode } = padding;
      const { outShape } = tf.backend_util.computeConv2DInfo(
        xShape,
        filterShape,
        strides,
        dilations,
        pad,
        dimRoundingMode,
        depthwise,
      );
      return { xShape, filterShape, outShape: outShape as Shape, ...steps, ...padding, seed };
    })
    .filter(({ outShape }) => outShape.every((side) => side > 0));
}

/** Mostly positive values, so that no sum cancels out: the relative error of what is left then says nothing. */
export function values(shape: readonly number[], seed: number): Float32Array {
  return tf.tidy(() => tf.randomUniform([...shape], -0.5, 1.5, 'float32', seed).dataSync() as Float32Array);
}

export interface Given {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/**
 * What a kernel gives on the backend, with its shape and type, and what it leaves there: tensors, bytes and the backend's
 * own records of data besides the result's.
 */
export async function runOn(
  backend: 'cpu' | 'wasm',
  kernel: string,
  given: Readonly<Record<string, Given>>,
  attrs: object,
): Promise<{ values: number[]; shape: number[]; dtype: string; left: number[] }> {
  await tf.setBackend(backend);
  const inputs = Object.fromEntries(
    Object.entries(given).map(([name, { values, shape }]) => [name, tf.tensor(values, [...shape])]),
  );
  const before = held();
  const result = tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
  const { shape, dtype } = result;
  const read = [...result.dataSync()];
  result.dispose();
  const left = held().map((amount, at) => amount - before[at]!);
  tf.dispose(inputs);
  return { values: read, shape, dtype, left };
}

function held(): number[] {
  const { numTensors, numBytes } = tf.memory();
  return [numTensors, numBytes, tf.backend().numDataIds()];
}
