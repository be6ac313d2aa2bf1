import type { OrderedPoints } from './ordered-points.js';

/**
 * The exponential mean of a series, debiased as TensorBoard's (tensorboard/components/vz_line_chart2): `weight` is what the
 * past counts for, from 0 up to 1. A value that is not finite stays, and counts for nothing.
 */
export function smoothPoints(points: OrderedPoints, weight: number): OrderedPoints {
  const smooth = new Float64Array(points.length);
  let last = 0;
  let bias = 1;
  for (let index = 0; index < points.length; index++) {
    const y = points.y(index);
    if (Number.isFinite(y)) {
      last = last * weight + (1 - weight) * y;
      bias *= weight;
      smooth[index] = last / (1 - bias);
    } else {
      smooth[index] = y;
    }
  }
  return { length: points.length, x: points.x, y: (index) => smooth[index]!, leftOut: points.leftOut };
}
