import type { RunInfo, TrainEvent } from '@microbatch/core';
import { scalarsOf } from './expected-scalars.js';

/** `[wall time in seconds, step, value]`. */
export type Point = readonly [wallTime: number, step: number, value: number];

/** A TensorBoard run's points by tag. */
export type Charts = Readonly<Record<string, readonly Point[]>>;

/** The charts that TensorBoard must show of a run, in its micro-batches. */
export function expectedCharts(events: readonly TrainEvent[], run: RunInfo): Charts {
  const charts: Record<string, Point[]> = {};
  for (const event of events) {
    const shown = scalarsOf(event, run);
    if (event.type === 'micro-batch' && run.logAccumBatch) shown['train/micro_loss'] = event.loss;
    if (event.type === 'log') Object.assign(shown, event.values);
    for (const [tag, value] of Object.entries(shown)) {
      if (typeof value !== 'number') continue;
      charts[tag] ??= [];
      charts[tag].push([event.time / 1000, event.microStep, Math.fround(value)]);
    }
  }
  return charts;
}

/** The same charts as the layout `'split'` distributes them over two runs. */
export function splitCharts(charts: Charts): { readonly train: Charts; readonly validation: Charts } {
  const split = { train: {} as Record<string, readonly Point[]>, validation: {} as Record<string, readonly Point[]> };
  for (const [tag, points] of Object.entries(charts)) {
    if (tag.startsWith('valid/')) split.validation[tag.slice('valid/'.length)] = points;
    else split.train[tag.replace(/^train\//, '')] = points;
  }
  return split;
}

/** What is left of a run's charts where another takes over from micro-batch `from` on, and what that one adds. */
export function takenOver(earlier: Charts, later: Charts, from: number): Charts {
  const kept = Object.entries(earlier).map(([tag, points]) => [tag, points.filter(([, step]) => step < from)] as const);
  const charts: Record<string, readonly Point[]> = Object.fromEntries(kept);
  for (const [tag, points] of Object.entries(later)) charts[tag] = [...(charts[tag] ?? []), ...points];
  return charts;
}
