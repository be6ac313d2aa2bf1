import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeHistogram } from '../src/histogram.js';
import type { HistogramCounts } from '../src/histogram-counts.js';
import { type HistogramOptions, SummaryWriter } from '../src/index.js';
import { encodedEvent, type GoldenHistogram, goldenEvents, goldenInputs, hexEvents } from './golden-events.js';
import { temporaryFolder } from './temporary-folder.js';

const dense = (data: readonly number[] | Float32Array | Int32Array) => ({ shape: [data.length], data });
const encode = (values: readonly number[], options: HistogramOptions = {}) =>
  encodeHistogram('h', dense(values), options);

const goldenCases = (more: Readonly<Record<string, GoldenHistogram>>) =>
  Object.entries({ ...goldenInputs.histograms, ...more }).map(([tag, { values, buckets }]) => ({
    tag,
    values: values.map(Number),
    options: buckets === undefined ? {} : { buckets },
  }));

test('histograms are byte for byte those of tf.summary.histogram', () => {
  const events = goldenCases(goldenInputs.tensorflowHistograms).map(({ tag, values, options }) =>
    encodedEvent(encodeHistogram(tag, dense(values), options), 1),
  );
  expect(events).toEqual(goldenEvents('tensorflow-histograms.tfevents'));
});

test("histograms with binning 'pytorch' are byte for byte those of PyTorch's add_histogram", () => {
  const events = goldenCases(goldenInputs.pytorchHistograms).map(({ tag, values }) =>
    encodedEvent(encodeHistogram(tag, dense(values), { binning: 'pytorch' }), 1),
  );
  expect(events).toEqual(goldenEvents('torch-histograms.tfevents'));
});

test('the same numbers make the same histogram in every kind of array', () => {
  const values = [1, 2, 2, -7, 40];
  for (const binning of ['tensorflow', 'pytorch'] as const) {
    const expected = encode(values, { binning });
    for (const data of [Float32Array.from(values), Int32Array.from(values)]) {
      expect(encodeHistogram('h', dense(data), { binning })).toEqual(expected);
    }
    const part = Float64Array.from([9, ...values, 9]).subarray(1, 6);
    expect(encodeHistogram('h', { shape: [5, 1], data: part }, { binning })).toEqual(expected);
  }
});

test('counts between the edges that TensorFlow would choose are the histogram of the values', () => {
  const counts = { counts: [2, 0, 1], edges: [0, 1, 2, 3] };
  expect(encodeHistogram('h', counts, {})).toEqual(encode([0, 0.5, 3], { buckets: 3 }));
});

test("counts with binning 'pytorch' are the histogram of values in the middles of their bins, but for its ends", () => {
  const ofCounts = Buffer.from(
    encodeHistogram('h', { counts: [0, 2, 0, 4], edges: [-8, -4, -2, 2, 6] }, { binning: 'pytorch' }),
  );
  const doubles = [-4, 6, 6, 2 * -3 + 4 * 4, 2 * 9 + 4 * 16, -4, -2, 2, 6, 0, 2, 0, 4];
  const heads = ['2a780a760a01682a7109', '11', '19', '21', '29', '3220', '', '', '', '3a20', '', '', ''];
  const expected = doubles.map((value, i) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return heads[i] + bytes.toString('hex');
  });
  expect(ofCounts.toString('hex')).toBe(expected.join(''));
});

test('addHistogram writes arrays, shaped arrays, tensors and counts', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const options = { buckets: 2, wallTime: goldenInputs.wallTime };
  writer.addHistogram('h', [1, 2, 3, 5], 1, options);
  writer.addHistogram('h', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 5) }, 1, options);
  await writer.addHistogram('h', { shape: [2, 2], data: async () => Float32Array.of(1, 2, 3, 5) }, 1, options);
  writer.addHistogram('h', { counts: [2, 2], edges: [1, 3, 5] }, 1, { wallTime: goldenInputs.wallTime });
  writer.close();
  const event = encodedEvent(encode([1, 2, 3, 5], { buckets: 2 }), 1);
  expect(hexEvents(readFileSync(writer.path)).slice(2)).toEqual([event, event, event, event]);
});

const raw = (values: readonly number[], options: unknown, message: string, error = RangeError) =>
  ({ what: `${values} ${JSON.stringify(options)}`, values: dense(values), options, message, error }) as const;
const counted = (values: unknown, options: unknown, message: string, error = RangeError) =>
  ({ what: JSON.stringify(values), values, options, message, error }) as const;

test.each([
  raw([1, NaN, 2], {}, 'values[1] must be finite, not NaN'),
  raw([1, 2, -Infinity], {}, 'values[2] must be finite, not -Infinity'),
  raw([NaN], { binning: 'pytorch' }, 'values[0] must be finite, not NaN'),
  raw([0, Infinity], { binning: 'pytorch' }, 'values[1] must be finite, not Infinity'),
  raw([-1.7e308, 1.7e308], {}, 'values must span less than 1.7976931348623157e+308, not from -1.7e+308 to 1.7e+308'),
  raw([], { binning: 'pytorch' }, "values must not be empty with binning 'pytorch'"),
  raw([1], { binning: 'auto' }, "binning must be 'tensorflow' or 'pytorch', not 'auto'", TypeError),
  raw([1], { binning: null }, "binning must be 'tensorflow' or 'pytorch', not null", TypeError),
  raw([1], { buckets: '3' }, "buckets must be a number, not '3'", TypeError),
  raw([1], { buckets: 0 }, 'buckets must be an integer from 1 to 100000, not 0'),
  raw([1], { buckets: 1.5 }, 'buckets must be an integer from 1 to 100000, not 1.5'),
  raw([1], { buckets: NaN }, 'buckets must be an integer from 1 to 100000, not NaN'),
  raw([1], { buckets: 1e9 }, 'buckets must be an integer from 1 to 100000, not 1000000000'),
  raw([1], { buckets: 3, binning: 'pytorch' }, "buckets must not be given with binning 'pytorch': 3", TypeError),
  counted(
    { counts: [1], edges: [0, 1] },
    { buckets: 3 },
    'buckets must not be given with counts, whose edges say how many: 3',
    TypeError,
  ),
  counted({ counts: [], edges: [0] }, {}, 'counts must not be empty'),
  counted({ counts: [1, 2], edges: [0, 1] }, {}, 'edges must be 3, one more than the counts, not 2'),
  counted({ counts: [1, -2], edges: [0, 1, 2] }, {}, 'counts[1] must not be negative, not -2'),
  counted({ counts: [1, NaN], edges: [0, 1, 2] }, {}, 'counts[1] must be finite, not NaN'),
  counted({ counts: [1], edges: [0, Infinity] }, {}, 'edges[1] must be finite, not Infinity'),
  counted({ counts: [1, 2], edges: [0, 2, 1] }, {}, 'edges[2] must not be less than edges[1], 2, not 1'),
  counted({ counts: 3, edges: [0, 1] }, {}, 'counts must be an array or typed array of numbers, not 3', TypeError),
  counted({ counts: [1] }, {}, 'edges must be an array or typed array of numbers, not undefined', TypeError),
  counted({ counts: ['1'], edges: [0, 1] }, {}, "counts[0] must be a number, not '1'", TypeError),
])('refuses $what: $message', ({ values, options, message, error }) => {
  const writer = new SummaryWriter(temporaryFolder());
  expect(() => writer.addHistogram('h', values as HistogramCounts, 0, options as HistogramOptions)).toThrow(
    new error(message),
  );
  writer.close();
  // The version and the session's start.
  expect(hexEvents(readFileSync(writer.path))).toHaveLength(2);
});
