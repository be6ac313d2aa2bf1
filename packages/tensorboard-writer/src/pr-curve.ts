import { assertInteger } from './arguments.js';
import { message, uintField } from './message.js';
import type { DenseArray } from './numeric-input.js';
import { tensorSummary } from './summary-value.js';
import { floatValTensor } from './tensor-proto.js';

/** How finely a precision-recall curve is drawn. */
export interface PrCurveOptions {
  /** How many thresholds, evenly spaced from 0 to 1; 127 by default, from 2 to 100,000. */
  readonly thresholds?: number;
}

const MOST_THRESHOLDS = 100_000;
// Keeps 0 / 0 at 0.
const LEAST_COUNT = 1e-7;

/*
 * BYTES (tensorboard/plugins/pr_curve/plugin_data.proto): 08 version   10 num_thresholds
 * TENSOR of shape [6, thresholds]: true positives, false positives, true negatives, false negatives, precision, recall
 */

/**
 * A summary of a precision-recall curve, byte for byte as PyTorch's `add_pr_curve` makes it
 * (torch/utils/tensorboard/summary.py, `compute_curve`; tensorboard/plugins/pr_curve/summary.py). A prediction is
 * positive at the thresholds that it reaches. Throws a `TypeError` or `RangeError`.
 */
export function encodePrCurve(
  tag: string,
  labels: DenseArray,
  predictions: DenseArray,
  weights: DenseArray | undefined,
  { thresholds = 127 }: PrCurveOptions,
): Uint8Array {
  assertInteger('thresholds', thresholds, 2, MOST_THRESHOLDS);
  assertExamples(labels, predictions, weights);
  const rows = new Float64Array(6 * thresholds);
  const truePositives = rows.subarray(0, thresholds);
  const falsePositives = rows.subarray(thresholds, 2 * thresholds);
  // A 32-bit prediction that is as near to a threshold as 32 bits allow has reached it.
  const round = predictions.data instanceof Float32Array ? Math.fround : (value: number) => value;
  for (let i = 0; i < labels.data.length; i++) {
    const reached = Math.floor(round(predictions.data[i]! * (thresholds - 1)));
    (labels.data[i] === 1 ? truePositives : falsePositives)[reached]! += weights?.data[i] ?? 1;
  }
  for (let at = thresholds - 2; at >= 0; at--) {
    truePositives[at]! += truePositives[at + 1]!;
    falsePositives[at]! += falsePositives[at + 1]!;
  }
  for (let at = 0; at < thresholds; at++) {
    const tp = truePositives[at]!;
    const fp = falsePositives[at]!;
    const fn = truePositives[0]! - tp;
    rows[2 * thresholds + at] = falsePositives[0]! - fp;
    rows[3 * thresholds + at] = fn;
    rows[4 * thresholds + at] = tp / Math.max(LEAST_COUNT, tp + fp);
    rows[5 * thresholds + at] = tp / Math.max(LEAST_COUNT, tp + fn);
  }
  const content = message(uintField(2, thresholds));
  return tensorSummary(tag, floatValTensor([6, thresholds], rows), { plugin: 'pr_curves', content });
}

function assertExamples(labels: DenseArray, predictions: DenseArray, weights: DenseArray | undefined): void {
  const count = labels.data.length;
  for (const [name, others] of Object.entries({ predictions, weights })) {
    if (others !== undefined && others.data.length !== count) {
      throw new RangeError(`${name} must be ${count}, as many as the labels, not ${others.data.length}`);
    }
  }
  for (let i = 0; i < count; i++) {
    const label = labels.data[i]!;
    const prediction = predictions.data[i]!;
    const weight = weights?.data[i] ?? 1;
    if (label !== 0 && label !== 1) throw new RangeError(`labels[${i}] must be 0 or 1, not ${label}`);
    if (!(prediction >= 0 && prediction <= 1)) {
      throw new RangeError(`predictions[${i}] must be from 0 to 1, not ${prediction}`);
    }
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(`weights[${i}] must be finite and not negative, not ${weight}`);
    }
  }
}
