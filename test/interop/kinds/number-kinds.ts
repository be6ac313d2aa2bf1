import { at, type Kinds, point, UNICODE, WALL_TIME } from './kind.js';

// TensorBoard's fast data server finds no picture and no sound by a tag with quotes or backslashes.
const QUOTED = `${UNICODE} "quoted" \\ back`;

const SCALARS = [0.1, Number.NaN, Infinity, -Infinity, -0, 1e39, 3.4028234663852886e38, 1e-45];

const HISTOGRAM_ROWS = [
  [0, 1, 2],
  [1, 2, 2],
  [2, 3, 0],
  [3, 4, 1],
];
const THIRTY = Array.from({ length: 31 }, (_, value) => value);

const POSITIVE_EDGES: number[] = [];
for (let edge = 1e-12; edge < 1e20; edge *= 1.1) POSITIVE_EDGES.push(edge);
// The least is an edge: TensorBoard's loaders differ in what they show as the left end of the first bin.
const SPREAD = [-POSITIVE_EDGES[297]!, 0.11, 0.5, 3.3, 3.4];

/** The values of `SPREAD` in PyTorch's bins, each 10 % wider than the one nearer to 0, from the least to the largest value. */
function exponentialRows(): number[][] {
  const edges = [...POSITIVE_EDGES.map((edge) => -edge).reverse(), 0, ...POSITIVE_EDGES];
  const rows = edges.slice(1).map((right, index) => {
    const left = edges[index]!;
    return [left, right, SPREAD.filter((value) => left <= value && value < right).length];
  });
  const filled = (row: readonly number[]) => row[2]! > 0;
  const kept = rows.slice(rows.findIndex(filled), rows.findLastIndex(filled) + 1);
  kept.at(-1)![1] = SPREAD.at(-1)!;
  return kept.map((row) => row.map(Math.fround));
}

const LABELS = [0, 0, 1, 1, 1, 0, 1];
const PREDICTIONS = [0.05, 0.3, 0.35, 0.6, 0.97, 0.7, 1];
const WEIGHTS = [1, 2, 3, 1, 1, 4, 2];

/** True and false positives, true and false negatives, precision and recall at each threshold, by counting. */
function curve(thresholds: number, weights: readonly number[]): number[][] {
  const rows: number[][] = [[], [], [], [], [], []];
  for (let threshold = 0; threshold < thresholds; threshold++) {
    const [tp, fp, tn, fn] = [
      [1, true],
      [0, true],
      [0, false],
      [1, false],
    ].map(([label, positive]) =>
      LABELS.reduce((sum, other, index) => {
        const isPositive = PREDICTIONS[index]! * (thresholds - 1) >= threshold;
        return sum + (other === label && isPositive === positive ? weights[index]! : 0);
      }, 0),
    ) as [number, number, number, number];
    const ratios = [tp / Math.max(1e-7, tp + fp), tp / Math.max(1e-7, tp + fn)].map(Math.fround);
    for (const [row, value] of [tp, fp, tn, fn, ...ratios].entries()) rows[row]!.push(value);
  }
  return rows;
}

/** Numbers over steps, and their distributions. */
export const numberKinds: Kinds = {
  scalars: {
    write(writer) {
      for (const [step, value] of SCALARS.entries()) writer.addScalar(QUOTED, value, step, WALL_TIME + step);
      for (let step = 0; step < 20; step++) writer.addScalar('train/loss', 1 / (step + 1), step, WALL_TIME + step);
    },
    expected: {
      [QUOTED]: SCALARS.map((value, step) => point(step, Math.fround(value))),
      'train/loss': Array.from({ length: 20 }, (_, step) => point(step, Math.fround(1 / (step + 1)))),
      'hparam/accuracy': [point(0, 0.75)],
      'hparam/größe': [point(0, Number.NaN)],
    },
  },
  histograms: {
    write(writer) {
      for (let step = 0; step < 3; step++) {
        writer.addHistogram(`weights/${UNICODE}`, [0, 0.5, 1, 1.5, 4], step, { buckets: 4, ...at(step) });
      }
      writer.addHistogram('thirty', Float32Array.from(THIRTY), 0, at(0));
      writer.addHistogram('pytorch', SPREAD, 4, { binning: 'pytorch', ...at(4) });
      writer.addHistogram('counts', { counts: [1, 0, 3], edges: [0, 0.5, 1, 1.5] }, 2, at(2));
    },
    expected: {
      [`weights/${UNICODE}`]: [0, 1, 2].map((step) => point(step, HISTOGRAM_ROWS)),
      thirty: [point(0, [...THIRTY.slice(0, 29).map((left) => [left, left + 1, 1]), [29, 30, 2]])],
      pytorch: [point(4, exponentialRows())],
      counts: [
        point(2, [
          [0, 0.5, 1],
          [0.5, 1, 0],
          [1, 1.5, 3],
        ]),
      ],
    },
  },
  pr_curves: {
    write(writer) {
      writer.addPrCurve(`pr_curves/${UNICODE}`, LABELS, PREDICTIONS, 0, { thresholds: 6, ...at(0) });
      writer.addPrCurve(`pr_curves/${UNICODE}`, LABELS, PREDICTIONS, 1, { thresholds: 6, weights: WEIGHTS, ...at(1) });
    },
    expected: {
      [`pr_curves/${UNICODE}`]: [
        point(
          0,
          curve(
            6,
            LABELS.map(() => 1),
          ),
        ),
        point(1, curve(6, WEIGHTS)),
      ],
    },
  },
};
