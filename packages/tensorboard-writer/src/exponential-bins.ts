import { endianness } from 'node:os';
import { assertFinite } from './arguments.js';

/** What a HistogramProto holds. `limits` are the right edges of the bins that `counts` are of. */
export interface HistogramBins {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly limits: Float64Array;
  readonly counts: Float64Array;
}

/** The edges above 0: `default_bins` of torch/utils/tensorboard/writer.py. */
const MAGNITUDES: Float64Array = magnitudes();
const N = MAGNITUDES.length;

/**
 * All edges. PyTorch leaves out of the counts what lies beyond ±1e20; the two outermost bins are for that, as in
 * TensorFlow's own histograms of this form (tensorflow/core/lib/histogram/histogram.cc).
 */
const EDGES: Float64Array = Float64Array.of(
  -Number.MAX_VALUE,
  ...MAGNITUDES.map((edge) => -edge).reverse(),
  0,
  ...MAGNITUDES,
  Number.MAX_VALUE,
);

// The high half of a float64, without its sign, cut to the exponent and four more bits: numbers that share it differ by
// less than 10 %, so that at most one edge lies among them.
const HIGH_HALF = endianness() === 'LE' ? 1 : 0;
const cellOf = (high: number): number => (high & 0x7fffffff) >>> 16;
const FIRST_CELL = cellOf(highHalves(MAGNITUDES)[HIGH_HALF]!);
const LAST_CELL = cellOf(highHalves(MAGNITUDES)[2 * N - 2 + HIGH_HALF]!);
/** By cell, from the first: how many of MAGNITUDES are at most the cell's least number. */
const EDGES_BELOW: Uint16Array = edgesBelow();

/**
 * Bins as make_histogram of torch/utils/tensorboard/summary.py makes them: those between the first and the last that
 * hold a value, after an empty one. Throws a `RangeError` that names `values`.
 */
export function exponentialBins(values: Float64Array): HistogramBins {
  if (values.length === 0) throw new RangeError("values must not be empty with binning 'pytorch'");
  const counts = new Float64Array(2 * N + 2);
  const halves = highHalves(values);
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let sumSquares = 0;
  // NaN from the first value on that is not finite.
  let zero = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
    zero += value * 0;
    counts[binOf(value, cellOf(halves[2 * i + HIGH_HALF]!))]! += 1;
  }
  if (zero !== 0) assertFinite('values', values);
  let start = 0;
  while (counts[start] === 0) start++;
  let end = counts.length;
  while (counts[end - 1] === 0) end--;
  const limits = EDGES.subarray(start, end + 1);
  const shown = new Float64Array(limits.length);
  shown.set(counts.subarray(start, end), 1);
  return { min, max, num: values.length, sum, sumSquares, limits, counts: shown };
}

/** Bins are closed to the left and open to the right, but for the last within PyTorch's edges, which is closed. */
function binOf(value: number, cell: number): number {
  const magnitude = Math.abs(value);
  let below = 0;
  if (cell > LAST_CELL) below = N;
  else if (cell >= FIRST_CELL) {
    below = EDGES_BELOW[cell - FIRST_CELL]!;
    if (below < N && magnitude >= MAGNITUDES[below]!) below++;
  }
  if (value >= 0) return N + 1 + (magnitude === MAGNITUDES[N - 1] ? N - 1 : below);
  return N - (below > 0 && magnitude === MAGNITUDES[below - 1] ? below - 1 : below);
}

function highHalves(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
}

function magnitudes(): Float64Array {
  const edges: number[] = [];
  for (let edge = 1e-12; edge < 1e20; edge *= 1.1) edges.push(edge);
  return Float64Array.from(edges);
}

function edgesBelow(): Uint16Array {
  const below = new Uint16Array(LAST_CELL - FIRST_CELL + 1);
  const least = new Float64Array(1);
  for (let cell = 0, edge = 0; cell < below.length; cell++) {
    highHalves(least)[HIGH_HALF] = (FIRST_CELL + cell) << 16;
    while (edge < N && MAGNITUDES[edge]! <= least[0]!) edge++;
    below[cell] = edge;
  }
  return below;
}
