import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SummaryWriter } from '../src/index.js';
import { encodePrCurve, type PrCurveOptions } from '../src/pr-curve.js';
import { encodedEvent, goldenEvents, goldenInputs, hexEvents } from './golden-events.js';
import { temporaryFolder } from './temporary-folder.js';

const dense = (data: readonly number[] | Float32Array) => ({ shape: [data.length], data });

test("curves are byte for byte those of PyTorch's add_pr_curve", () => {
  const events = Object.entries(goldenInputs.prCurves).map(([tag, { labels, predictions, weights, ...options }]) => {
    const numbers = options.float32 === true ? Float32Array.from(predictions) : predictions;
    const payload = encodePrCurve(tag, dense(labels), dense(numbers), weights && dense(weights), options);
    return encodedEvent(payload, 1);
  });
  expect(events).toEqual(goldenEvents('torch-pr-curves.tfevents'));
});

const thresholds = 9;
const example = fc.record({ label: fc.constantFrom(0, 1), prediction: fc.double({ min: 0, max: 1, noNaN: true }) });

/** The rows of a curve of `thresholds` thresholds: 32-bit floats before the metadata. */
function rowsOf(payload: Uint8Array): number[][] {
  const end = payload.lastIndexOf(0x4a);
  const view = new DataView(payload.buffer, end - 6 * 4 * thresholds);
  return Array.from({ length: 6 }, (_, row) =>
    Array.from({ length: thresholds }, (_, at) => view.getFloat32(4 * (row * thresholds + at), true)),
  );
}

test('a prediction is positive at the thresholds that it reaches, and each example counts once at each', () => {
  fc.assert(
    fc.property(fc.array(example, { minLength: 1, maxLength: 30 }), (examples) => {
      const labels = examples.map(({ label }) => label);
      const predictions = examples.map(({ prediction }) => prediction);
      const rows = rowsOf(encodePrCurve('c', dense(labels), dense(predictions), undefined, { thresholds }));
      for (let at = 0; at < thresholds; at++) {
        const count = (label: number, positive: boolean) =>
          examples.filter((e) => e.label === label && e.prediction >= at / (thresholds - 1) === positive).length;
        const [tp, fp, tn, fn] = [count(1, true), count(0, true), count(0, false), count(1, false)];
        expect(rows.slice(0, 4).map((row) => row[at])).toEqual([tp, fp, tn, fn]);
        expect(rows[4]?.[at]).toBe(tp === 0 ? 0 : Math.fround(tp / (tp + fp)));
        expect(rows[5]?.[at]).toBe(tp === 0 ? 0 : Math.fround(tp / (tp + fn)));
      }
    }),
  );
});

test('addPrCurve writes arrays and tensors, and more than 127 thresholds', async () => {
  const writer = new SummaryWriter(temporaryFolder());
  const { wallTime } = goldenInputs;
  const options = { thresholds: 300, wallTime };
  writer.addPrCurve('c', [0, 1], [0.25, 0.5], 1, { ...options, weights: [2, 1] });
  const tensor = (...values: number[]) => ({ shape: [2], data: async () => Float32Array.from(values) });
  await writer.addPrCurve('c', tensor(0, 1), tensor(0.25, 0.5), 1, { ...options, weights: tensor(2, 1) });
  writer.close();
  const event = encodedEvent(encodePrCurve('c', dense([0, 1]), dense([0.25, 0.5]), dense([2, 1]), options), 1);
  expect(hexEvents(readFileSync(writer.path)).slice(2)).toEqual([event, event]);
  // varint(300) as num_thresholds
  expect(event).toContain(`${Buffer.from('pr_curves').toString('hex')}120310ac02`);
});

const bad = (labels: number[], predictions: number[], options: unknown, message: string, error = RangeError) =>
  ({ labels, predictions, options, message, error }) as const;

test.each([
  bad([0, 1], [0.5], {}, 'predictions must be 2, as many as the labels, not 1'),
  bad([0], [0.5], { weights: [1, 2] }, 'weights must be 1, as many as the labels, not 2'),
  bad([0, 2], [0.5, 0.5], {}, 'labels[1] must be 0 or 1, not 2'),
  bad([NaN], [0.5], {}, 'labels[0] must be 0 or 1, not NaN'),
  bad([0, 1], [0.5, 1.01], {}, 'predictions[1] must be from 0 to 1, not 1.01'),
  bad([0], [-0.1], {}, 'predictions[0] must be from 0 to 1, not -0.1'),
  bad([0], [NaN], {}, 'predictions[0] must be from 0 to 1, not NaN'),
  bad([0], [0], { weights: [-1] }, 'weights[0] must be finite and not negative, not -1'),
  bad([0], [0], { weights: [Infinity] }, 'weights[0] must be finite and not negative, not Infinity'),
  bad([0], [0], { thresholds: 1 }, 'thresholds must be an integer from 2 to 100000, not 1'),
  bad([0], [0], { thresholds: 2.5 }, 'thresholds must be an integer from 2 to 100000, not 2.5'),
  bad([0], [0], { thresholds: 1e9 }, 'thresholds must be an integer from 2 to 100000, not 1000000000'),
  bad([0], [0], { thresholds: '9' }, "thresholds must be a number, not '9'", TypeError),
])('refuses labels $labels, predictions $predictions, $options', ({ labels, predictions, options, message, error }) => {
  const writer = new SummaryWriter(temporaryFolder());
  expect(() => writer.addPrCurve('c', labels, predictions, 0, options as PrCurveOptions)).toThrow(new error(message));
  writer.close();
  // The version and the session's start.
  expect(hexEvents(readFileSync(writer.path))).toHaveLength(2);
});
