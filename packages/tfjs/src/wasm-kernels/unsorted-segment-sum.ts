import * as tf from '@tensorflow/tfjs';

/**
 * Sums the rows of `x` by the segment that `segmentIds`, [rows], gives each: row i of the result, [numSegments, …], is the
 * sum of those of segment i. Rows of other ids count nowhere. Sums are in float64, so that they don't depend on how many
 * rows share a segment, as those of a padding token do.
 */
export const unsortedSegmentSum: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
  const [values, ids] = [x.dataSync(), segmentIds.dataSync()];
  const shape = [numSegments, ...x.shape.slice(segmentIds.rank)];
  const dtype = tf.sumOutType(x.dtype);
  const size = tf.util.sizeFromShape(shape);
  const sums = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
  const width = tf.util.sizeFromShape(x.shape.slice(segmentIds.rank));
  const { starts, rows } = rowsBySegment(ids, numSegments);
  const sum = new Float64Array(width);
  for (let segment = 0; segment < numSegments; segment++) {
    const [from, to] = [starts[segment]!, starts[segment + 1]!];
    if (from === to) continue;
    sum.fill(0);
    for (let at = from; at < to; at++) {
      const begin = rows[at]! * width;
      for (let column = 0; column < width; column++) sum[column]! += values[begin + column]!;
    }
    sums.set(sum, segment * width);
  }
  return tf.tensor(sums, shape, dtype);
};

/** Sorts by counting: the rows of segment i are `rows[starts[i]]` up to, without, `rows[starts[i + 1]]`. */
function rowsBySegment(ids: ArrayLike<number>, segments: number): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(segments + 1);
  for (let row = 0; row < ids.length; row++) if (isSegment(ids[row]!, segments)) starts[ids[row]! + 1]!++;
  for (let segment = 0; segment < segments; segment++) starts[segment + 1]! += starts[segment]!;
  const rows = new Int32Array(starts[segments]!);
  const next = starts.slice();
  for (let row = 0; row < ids.length; row++) if (isSegment(ids[row]!, segments)) rows[next[ids[row]!]!++] = row;
  return { starts, rows };
}

function isSegment(id: number, segments: number): boolean {
  return id >= 0 && id < segments;
}
