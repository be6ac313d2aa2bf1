import type { Run } from '../runs/run.js';
import { samplePoints } from '../runs/sample-points.js';
import { smoothPoints } from '../runs/smooth-points.js';
import { chartPoints } from './chart-points.js';
import type { Axis, CurveAnswer, SeriesHead, SourceKind } from './protocol.js';

/** What a chart asks for. */
export interface SeriesRequest {
  readonly runs: readonly Run[];
  readonly tag: string;
  readonly axis: Axis;
  readonly from: number;
  readonly to: number;
  readonly pixels: number;
  /** From 0, for none, up to 1. */
  readonly smooth: number;
  /** The best that has the tag where absent. */
  readonly source?: SourceKind;
}

interface Curve {
  readonly head: CurveAnswer;
  readonly xs: Float64Array;
  readonly ys: Float64Array;
}

const NONE = new Float64Array();

/** The curves of a chart in the binary form that `SeriesHead` describes. */
export function seriesAnswer(request: SeriesRequest): Uint8Array {
  const axis = knownAxis(request);
  return encode(
    axis,
    request.runs.flatMap((run) => curvesOf(run, { ...request, axis })),
  );
}

function knownAxis({ runs, tag, axis, source }: SeriesRequest): Axis {
  const statuses = runs.map((run) => chartPoints(run, tag, axis, source).status);
  return statuses.includes('no-axis') && !statuses.includes('drawn') ? 'logged' : axis;
}

function curvesOf(run: Run, { tag, axis, source, smooth, ...range }: SeriesRequest): Curve[] {
  const found = chartPoints(run, tag, axis, source);
  const own = { run: run.key, kind: 'raw' } as const;
  if (found.status !== 'drawn') {
    const status = found.status === 'no-tag' && !run.isLoaded ? 'loading' : found.status;
    return [{ head: { ...own, status, sent: 0, total: 0, leftOut: 0 }, xs: NONE, ys: NONE }];
  }
  const { points } = found;
  const kinds = smooth > 0 ? (['raw', 'smooth'] as const) : (['raw'] as const);
  return kinds.map((kind) => {
    const { xs, ys, total } = samplePoints(kind === 'raw' ? points : smoothPoints(points, smooth), range);
    const { leftOut } = points;
    return { head: { ...own, kind, status: 'drawn', sent: xs.length, total, leftOut, source: found.source }, xs, ys };
  });
}

function encode(axis: Axis, curves: readonly Curve[]): Uint8Array {
  const head: SeriesHead = { axis, curves: curves.map((curve) => curve.head) };
  let text = JSON.stringify(head);
  while ((4 + Buffer.byteLength(text)) % 8 !== 0) text += ' ';
  const headBytes = Buffer.from(text);
  const columns = curves.flatMap(({ xs, ys }) => [xs, ys]);
  const length = columns.reduce((sum, column) => sum + column.byteLength, 4 + headBytes.length);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(headBytes.length);
  headBytes.copy(bytes, 4);
  let at = 4 + headBytes.length;
  for (const column of columns) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  return bytes;
}
