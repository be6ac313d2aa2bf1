import type { Clock, ClockTable } from '../runs/clock-table.js';
import { type OrderedPoints, orderedPoints } from '../runs/ordered-points.js';
import { type Run, seriesOf, sourceOf } from '../runs/run.js';
import type { RunSource } from '../runs/run-source.js';
import type { Series } from '../runs/series.js';
import type { Axis, SourceKind } from './protocol.js';

/** The points of a tag on an axis, or why there are none. */
export type ChartPoints =
  | { readonly status: 'drawn'; readonly points: OrderedPoints; readonly source: SourceKind }
  | { readonly status: 'no-tag' | 'no-axis' };

/** What a chart draws of a run: from the best source that has the tag, or from that of one kind. */
export function chartPoints(run: Run, tag: string, axis: Axis, kind?: SourceKind): ChartPoints {
  const only = kind === undefined ? undefined : sourceOf(run, kind);
  const found = kind === undefined ? seriesOf(run).get(tag) : only && { series: only.series.get(tag), source: only };
  if (found?.series === undefined) return { status: 'no-tag' };
  const { series, source } = found;
  const clock = clockOf(axis, source, run);
  const points = clock === undefined ? undefined : orderedPoints(series, clock);
  if (points === undefined || (points.length === 0 && series.length > 0)) return { status: 'no-axis' };
  return { status: 'drawn', points: scaled(points, axis, run), source: source.kind };
}

/** The axes on which a run can be seen. */
export function axesOf(run: Run): readonly Axis[] {
  const [best] = run.sources;
  if (best === undefined || best.clocks.length === 0) return [];
  const axes: Axis[] = [];
  for (const axis of ['microStep', 'step', 'samples', 'epoch'] as const) {
    const clock = clockOf(axis, best, run);
    if (clock !== undefined && hasClock(best.clocks, clock)) axes.push(axis);
  }
  return [...axes, 'elapsed', 'time', 'logged'];
}

function hasClock(clocks: ClockTable, clock: Clock): boolean {
  const last = clocks.length - 1;
  // A row of a user's own values may lack what all others have.
  for (let row = last; row >= Math.max(0, last - 100); row--) if (clocks.at(clock, row) !== undefined) return true;
  return false;
}

function clockOf(axis: Axis, source: RunSource, run: Run): Clock | undefined {
  if (axis === 'elapsed' || axis === 'time') return 'time';
  // A journal's own step is what TensorBoard shows of the run.
  if (axis === 'logged') return source.kind === 'journal' ? 'microStep' : 'logged';
  if (source.kind !== 'tensorboard') return axis;
  return tensorboardClock(source, run) === axis ? 'logged' : undefined;
}

/**
 * Which clock the x of event files is, which they don't say: the one on which a better source of the run has the same first
 * and last loss. Alone, they are on micro-batches where they hold the losses of micro-batches beside those of steps, one at
 * each x: on the axis of samples, those are further apart.
 */
export function tensorboardClock(source: RunSource, run: Run): Axis | undefined {
  const own = source.series.get('train/loss');
  if (own === undefined) return undefined;
  const best = run.sources.find(({ kind, series }) => kind !== 'tensorboard' && series.has('train/loss'));
  if (best === undefined) return isOneApart(source.series.get('train/micro_loss')) ? 'microStep' : undefined;
  const theirs = best.series.get('train/loss')!;
  const count = Math.min(own.length, theirs.length);
  const axes = ['microStep', 'step', 'samples'] as const;
  return axes.find((axis) =>
    [0, count - 1].every((index) => clockAt(theirs, axis, index) === clockAt(own, 'logged', index)),
  );
}

/** Whether there is a point for nearly each x, as far as the points reach. */
function isOneApart(series: Series | undefined): boolean {
  if (series === undefined) return false;
  const steps = series.length - 1;
  const reach = clockAt(series, 'logged', steps)! - clockAt(series, 'logged', 0)!;
  return steps === 0 || reach < 1.5 * steps;
}

function clockAt(series: Series, clock: Clock, index: number): number | undefined {
  return series.clocks.at(clock, series.rows.values[index]!);
}

function scaled(points: OrderedPoints, axis: Axis, run: Run): OrderedPoints {
  if (axis !== 'elapsed' && axis !== 'time') return points;
  const began = axis === 'time' ? 0 : startOf(run, points);
  return { ...points, x: (index) => (points.x(index) - began) / 1000 };
}

function startOf(run: Run, points: OrderedPoints): number {
  if (run.facts.startedAt !== undefined) return run.facts.startedAt;
  const firsts = run.sources.map(({ clocks }) => clocks.at('time', 0)).filter((time) => time !== undefined);
  return firsts.length > 0 ? Math.min(...firsts) : points.x(0);
}
